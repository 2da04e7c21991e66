// The order in which a training set's rows are visited: every epoch a fresh permutation, cut into batches.
//
// The permutation is a function of seed and epoch alone, so a run that resumes at a stored position sees the same
// batches. Rows left over at the end of an epoch are not used in it. Nothing is allocated after make(). Threads: owned
// by the actor that feeds the network.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace syngrad {

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
