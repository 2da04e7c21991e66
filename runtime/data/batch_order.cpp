#include "runtime/data/batch_order.hpp"

#include "runtime/data/shuffle.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace syngrad {
namespace {

// Keeps these permutations apart from the others of the same seed.
constexpr std::uint64_t batch_order_purpose = 0x6261746368;

} // namespace

batch_order::batch_order(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed)
  : rows_(std::move(rows)), order_(rows_.size()), batch_size_(batch_size), seed_(seed) {
  permute();
}

result<batch_order> batch_order::make(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed) {
  if (batch_size < 1) return error{"batch: a size of at least 1 is expected, not " + std::to_string(batch_size)};
  if (static_cast<std::int64_t>(rows.size()) < batch_size) {
    return error{"batch: " + std::to_string(batch_size) + " samples a batch, but only " + std::to_string(rows.size()) +
                 " to train on; choose a smaller batch"};
  }
  return batch_order(std::move(rows), batch_size, seed);
}

void batch_order::permute() {
  std::copy(rows_.begin(), rows_.end(), order_.begin());
  random_source random(seed_ ^ batch_order_purpose, position_.epoch);
  shuffle(order_, random);
}

std::span<const std::int32_t> batch_order::next() {
  // Permuted here rather than after the epoch's last batch, whose span must stay valid.
  if (position_.offset == batches_per_epoch()) {
    position_ = {position_.epoch + 1, 0};
    permute();
  }
  const auto first = static_cast<std::size_t>(position_.offset++ * batch_size_);
  return std::span<const std::int32_t>(order_).subspan(first, static_cast<std::size_t>(batch_size_));
}

status batch_order::resume(position stored) {
  if (stored.offset < 0 || stored.offset > batches_per_epoch()) {
    return error{"data position: batch " + std::to_string(stored.offset) + " of an epoch of " +
                 std::to_string(batches_per_epoch()) + "; resume with the data and batch size of the stored run"};
  }
  position_ = stored;
  permute();
  return ok();
}

} // namespace syngrad
