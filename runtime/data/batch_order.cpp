#include "runtime/data/batch_order.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace syngrad {

namespace {

// Keeps this permutation apart from the others of the same seed.
constexpr std::uint64_t hold_out_purpose = 0x686f6c646f7574;

} // namespace

std::int64_t held_out_count(std::int64_t samples, double fraction) {
  return std::llround(fraction * static_cast<double>(samples));
}

result<held_out> hold_out(const sample_set& train, double fraction, std::uint64_t seed) {
  const auto count = train.count;
  if (!(fraction > 0 && fraction < 1))
    return error::setting("validation: a fraction between 0 and 1 is expected, not " + std::to_string(fraction));
  const auto validation = held_out_count(count, fraction);
  if (validation <= 0 || validation >= count) {
    return error::setting("validation: a fraction of " + std::to_string(fraction) + " of " + std::to_string(count) +
                          " training samples leaves one part empty; choose another fraction");
  }

  random_source random(seed ^ hold_out_purpose, 0);
  const auto order = shuffled_indices(static_cast<std::size_t>(count), random);
  held_out parts;
  parts.validation.assign(order.begin(), order.begin() + validation);
  parts.train.assign(order.begin() + validation, order.end());
  std::sort(parts.validation.begin(), parts.validation.end());
  std::sort(parts.train.begin(), parts.train.end());
  return parts;
}

namespace {

// Keeps these permutations apart from the others of the same seed.
constexpr std::uint64_t batch_order_purpose = 0x6261746368;

} // namespace

batch_order::batch_order(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed)
  : rows_(std::move(rows)), order_(rows_.size()), batch_size_(batch_size), seed_(seed) {
  permute();
}

result<batch_order> batch_order::make(std::vector<std::int32_t> rows, std::int64_t batch_size, std::uint64_t seed) {
  if (batch_size < 1)
    return error::setting("batch: a size of at least 1 is expected, not " + std::to_string(batch_size));
  if (static_cast<std::int64_t>(rows.size()) < batch_size) {
    return error::setting("batch: " + std::to_string(batch_size) + " samples a batch, but only " +
                          std::to_string(rows.size()) + " to train on; choose a smaller batch");
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
    return error::setting("data position: batch " + std::to_string(stored.offset) + " of an epoch of " +
                          std::to_string(batches_per_epoch()) +
                          "; resume with the data and batch size of the stored run");
  }
  position_ = stored;
  permute();
  return ok();
}

} // namespace syngrad
