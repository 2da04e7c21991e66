// Which rows of a training set are trained on, and in which order: a part may be held out for validation, and every
// epoch visits the rest in a fresh permutation, cut into batches. No samples are copied.
//
// The permutation is a function of seed and epoch alone, so a run that resumes at a stored position sees the same
// batches. Rows left over at the end of an epoch are not used in it. Nothing is allocated after make(). Threads: owned
// by the actor that feeds the network.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/random.hpp"
#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace syngrad {

// Fisher and Yates' shuffle, with the same result on every standard library (std::shuffle's is unspecified). At most
// 2^32 - 1 elements.
inline void shuffle(std::span<std::int32_t> items, random_source& random) {
  for (auto left = items.size(); left > 1; --left)
    std::swap(items[left - 1], items[random.below(static_cast<std::uint32_t>(left))]);
}

// 0..count-1 in a random order.
inline std::vector<std::int32_t> shuffled_indices(std::size_t count, random_source& random) {
  std::vector<std::int32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  shuffle(indices, random);
  return indices;
}

// Rows of the training set; together each row exactly once, both ascending.
struct held_out {
  std::vector<std::int32_t> train;
  std::vector<std::int32_t> validation;
};

// How many of so many samples are held out: round(fraction * samples).
std::int64_t held_out_count(std::int64_t samples, double fraction);

// Validation gets round(fraction * train.count) rows, drawn by `seed`. Fails where either part would be empty.
result<held_out> hold_out(const sample_set& train, double fraction, std::uint64_t seed);

class batch_order {
public:
  // Where the next batch begins.
  struct position {
    std::uint64_t epoch = 0;
    std::int64_t offset = 0; // batches of the epoch that were handed out

    friend bool operator==(const position&, const position&) = default;
  };

  // `rows` are the rows to visit. Fails if there are fewer than `batch_size`, or that is not positive.
  static result<batch_order> make(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed);

  // The rows of the next batch, `batch_size` of them. Valid until the next call of a member that is not const.
  std::span<const std::int32_t> next();

  position where() const { return position_; }
  // Continues at `stored`, which came from where() of an order made alike. Fails if it cannot have.
  status resume(position stored);

  std::int64_t batch_size() const { return batch_size_; }
  std::int64_t batches_per_epoch() const { return static_cast<std::int64_t>(rows_.size()) / batch_size_; }

private:
  batch_order(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed);
  void permute();

  std::vector<std::int32_t> rows_;  // as given
  std::vector<std::int32_t> order_; // permuted for the epoch of position_
  std::int64_t batch_size_;
  std::uint64_t seed_;
  position position_;
};

} // namespace syngrad
