// `--correct-rows`: of which samples of a batch true gradients travel back, to correct what was mispredicted.
//
// They are chosen at the top, once a batch, where the gradient of the loss is known, and travel down with each
// gradient. By loss: a sample's probability follows the length of that gradient, in part (runtime/systematic_sample.hpp
// has the formulas). Their weights make sums over them expect what sums over the batch are.
#pragma once

#include "runtime/random.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

struct sample_choice {
  std::int64_t samples = 0; // of each batch; 0: all
  bool by_loss = true;      // else all samples are alike

  // "all", "N", "N:loss", "N:uniform"; fails with what was expected.
  static result<sample_choice> parse(const std::string& text);
  std::string text() const; // as parse() reads it

  bool is_all() const { return samples == 0; }
  bool takes_part_of(std::int64_t batch) const { return samples > 0 && samples < batch; }
  double by_length() const { return by_loss ? 0.7 : 0; } // see choose_samples_arguments
  // Where the sample of a batch begins, in [0, 1).
  static double start_of(std::uint64_t batch, std::uint64_t seed) {
    constexpr std::uint64_t purpose = 0xc0115e0f5a3b1e5;
    return random_source(seed ^ purpose, batch).uniform();
  }
};

} // namespace syngrad
