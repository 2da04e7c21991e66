// Of which kind a gradient is, and how many of them a group wants from the group above it (`--gradients`, `--correct`).
// A group whose predictor is good enough can do without most of them, which saves network and copies.
//
// | demand      | gradients that come with values            | who decides                                         |
// |-------------|--------------------------------------------|-----------------------------------------------------|
// | all         | of every batch                             | nobody                                              |
// | every:N     | of batches that N divides                  | nobody: both sides know N                           |
// | p:P         | of each batch with the probability P       | the seed and the batch's number: both sides draw    |
// |             |                                            | alike                                               |
// | above:ERROR | of every batch while the predictor's error | the group below measures, and says so with          |
// |             | is above ERROR, else of every 16th, so     | `gradients_wanted` (gradient_appetite)              |
// |             | that it goes on measuring                  |                                                     |
//
// The others come as `none`, so that each batch still comes back once. Plain values; no threads.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

enum class gradient_kind : std::uint8_t {
  truth,        // the chain is unbroken up to the loss
  bootstrapped, // its sender used a synthetic gradient above it
  none,         // the batch was skipped or dropped, or its gradient is not wanted: there is no tensor
};

struct gradient_demand {
  static constexpr std::uint64_t seldom = 16; // what is wanted of a predictor that is good enough

  std::uint64_t every = 1;           // at the start: gradients of the batches that this divides are wanted
  std::optional<double> probability; // instead, of each batch
  std::optional<double> above;       // relative error of the predictor; null: `every` stays as it is

  // "all", "every:N", "p:P", "above:ERROR"; fails with what was expected.
  static result<gradient_demand> parse(const std::string& text);
  // The same without above:ERROR: what does not depend on what is measured.
  static result<gradient_demand> parse_fixed(const std::string& text);
  std::string text() const; // as parse() reads it

  bool is_all() const { return every == 1 && !probability && !above; }
  // Whether that of the batch is wanted in a run with this seed.
  bool includes(std::uint64_t batch, std::uint64_t seed) const;
  // What a gradient that comes counts, so that the sum over those that come expects the sum over all.
  double weight() const { return probability ? 1 / *probability : static_cast<double>(every); }
};

} // namespace syngrad
