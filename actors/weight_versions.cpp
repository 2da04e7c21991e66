#include "actors/weight_versions.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

std::int64_t weight_versions::version_for(std::uint64_t batch) const {
  const auto update = static_cast<std::int64_t>(batch) / can_.micro_batches;
  return std::max<std::int64_t>(update - 1, 0);
}

void weight_versions::begin(batch_record& record) {
  const auto shown = [this] { return layers().version() - (holds_back_ ? 1 : 0); };
  if (can_.double_buffers && version_for(record.batch) > shown()) show_latest(&record);
  record.version = shown();
}

void weight_versions::before_update(const batch_record* updates) {
  if (!can_.double_buffers) {
    keep(updates);
    return;
  }
  show_latest(updates);
  before_ = layers().copy_of_weights(parts_.work());
}

void weight_versions::after_update() {
  if (!can_.double_buffers) return;
  holds_back_ = true;
  latest_ = layers().copy_of_weights(parts_.work());
  if (before_) parts_.work().ops().copy(parts_.work(), before_, layers().trained());
  before_ = {};
}

void weight_versions::show_latest(const batch_record* but) {
  if (!std::exchange(holds_back_, false)) return;
  keep(but);
  if (latest_) parts_.work().ops().copy(parts_.work(), latest_, layers().trained());
  latest_ = {};
}

// Before what lies in the layers changes: batches that have seen it, and that are still to go back with it or to be
// made again with it, keep it, in one copy. `but`: one that does not.
void weight_versions::keep(const batch_record* but) {
  if (!can_.stashes_weights && !parts_.setup.recompute) return;
  const bool goes_back = can_.stashes_weights || can_.goes_back_late;
  tensor kept;
  for (const auto& each : parts_.window.in_flight()) {
    const bool is_done = !goes_back || each->finished || each.get() == but;
    if ((is_done && !each->awaits_audit) || each->weights) continue;
    if (!kept) kept = layers().copy_of_weights(parts_.work());
    each->weights = kept;
  }
}

} // namespace syngrad
