// Which samples of a training set are trained on, and in which order, cut into batches. No samples are copied.
//
// Rows: every epoch visits them in a fresh permutation, and those left over at its end are not used in it. Windows of a
// text begin at random positions; or they continue each other, so that row r of a batch is what follows row r of the
// batch before. A batch is a function of seed, epoch and its number in it alone, so a run that resumes at a stored
// position sees the same ones. Nothing is allocated after it was made. Threads: owned by the actor that feeds the
// network.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/random.hpp"
#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
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

// How many of so many samples are held out: round(fraction * samples).
std::int64_t held_out_count(std::int64_t samples, double fraction);

class batch_order {
public:
  // Where the next batch begins.
  struct position {
    std::uint64_t epoch = 0;
    std::int64_t offset = 0; // batches of the epoch that were handed out

    friend bool operator==(const position&, const position&) = default;
  };

  // What a batch consists of.
  class rule {
  public:
    virtual ~rule() = default;
    virtual std::int64_t batches_per_epoch() const = 0;
    virtual void fill(position, std::span<std::int64_t> samples) = 0;
  };

  // `rows` are the rows to visit. Fails if there are fewer than `batch_size`, or that is not positive.
  static result<batch_order> make(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed);
  // Windows that lie within the first `tokens` of a text, with the token behind them. As many make an epoch as fit into
  // it beside each other.
  static result<batch_order> random_windows(std::int64_t tokens, std::int64_t window, std::int64_t batch_size,
                                            std::uint64_t seed);
  // The text is cut into `batch_size` parts of the same number of windows; an epoch reads them from their beginnings.
  static result<batch_order> continuing_windows(std::int64_t tokens, std::int64_t window, std::int64_t batch_size);

  // The samples of the next batch, `batch_size` of them, or those of its next part. Valid until the next call of a
  // member that is not const.
  std::span<const std::int64_t> next();

  position where() const { return position_; }
  // Continues at `stored`, which came from where() of an order made alike. Fails if it cannot have.
  status resume(position stored);

  // From now on next() gives a batch in so many parts, one after the other: of as many samples each as can be, the
  // first ones of one more where that does not come out even. Not more than samples, and not in the middle of a batch.
  void cut_batches(std::int64_t parts);
  std::int64_t parts() const { return parts_; }
  std::int64_t largest_part() const { return (batch_size() + parts_ - 1) / parts_; }

  std::int64_t batch_size() const { return static_cast<std::int64_t>(samples_.size()); }
  std::int64_t batches_per_epoch() const { return rule_->batches_per_epoch(); }

private:
  batch_order(std::unique_ptr<rule>, std::int64_t batch_size);

  std::unique_ptr<rule> rule_;
  std::vector<std::int64_t> samples_; // of the batch that was handed out last
  position position_;
  std::int64_t parts_ = 1, part_ = 0; // next() gives this one
};

struct order_settings {
  std::int64_t batch_size = 1;
  std::uint64_t seed = 1;
  double validation_fraction = 0;
  bool continuing = false;       // windows of a text, in evaluations too
  std::int64_t eval_samples = 0; // at most so many of each held-out part are evaluated, evenly spread; 0: all
  std::int64_t parts = 1;        // that training batches are cut into
};

// The samples that a run sees.
struct sample_order {
  batch_order train;
  // Evaluated in this order, a batch after the other. Of rows they ascend.
  std::vector<std::int64_t> validation; // of the training set, which leaves them out; empty: none
  std::vector<std::int64_t> test;       // of the test set
};

// Validation gets round(fraction * train.count) samples: rows that are drawn by the seed, or the last windows of a
// text. Fails where a part would be empty or, of a text, without any target, or a batch is larger than what is trained
// on.
result<sample_order> order_samples(const dataset&, const order_settings&);

// sample_order::test alone, of data that may have no training samples. Fails where no window has a target.
result<std::vector<std::int64_t>> order_test_samples(const dataset&, const order_settings&);

} // namespace syngrad
