#include "actors/batch_window.hpp"

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>

namespace syngrad {

void batch_window::prepare(std::int64_t capacity, int layers) {
  const shape measures{measure::nonfinite + layers};
  const bool host_reads = work_.owner().host_reads_memory();
  while (static_cast<std::int64_t>(spare_.size()) < capacity) {
    spare_.push_back(std::make_unique<batch_record>());
    auto& record = *spare_.back();
    record.measures = make_tensor(work_, measures);
    record.numbers = host_reads ? record.measures : make_host_visible_tensor(work_, measures);
  }
}

batch_record& batch_window::begin(std::uint64_t batch) {
  assert(!spare_.empty() && (is_empty() || last() < batch));
  in_flight_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  auto& record = *in_flight_.back();
  work_.ops().fill(work_, record.measures, 0);
  record.batch = batch;
  record.update_terms = 0;
  record.predictor_version = no_predictor_version;
  record.in_turn = record.sent_down = record.finished = record.ends_at_gap = record.awaits_audit = false;
  record.agreement_measured = record.audit_measured = record.audit_sent_down = record.told_in_turn = record.put_off =
    false;
  record.activations_measured = 0;
  return record;
}

batch_record* batch_window::find(std::uint64_t batch) {
  const auto found =
    std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each->batch == batch; });
  return found == in_flight_.end() ? nullptr : found->get();
}

void batch_window::recycle(batch_record& record) {
  const auto found =
    std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each.get() == &record; });
  assert(found != in_flight_.end());
  spare_.push_back(std::move(*found));
  in_flight_.erase(found);
}

void batch_window::copy_measures(const batch_record& record) {
  if (work_.owner().host_reads_memory()) return;
  auto numbers = record.numbers;
  work_.ops().copy(work_, record.measures, numbers);
}

void batch_window::release_tensors(batch_record& record) const {
  record.cache.drop();
  record.cache_of_chosen.drop();
  record.chosen = {};
  record.deferred.clear();
  record.output = record.targets = record.prediction = record.weights = {};
}

} // namespace syngrad
