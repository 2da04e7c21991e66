// Of group_actor: the records of batches in flight, what is observed and checked of them, and what it says of itself.
#include "actors/group_actor.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad {

bool group_actor::audited(std::uint64_t batch) const {
  return setup_.audit_every > 0 && batch % static_cast<std::uint64_t>(setup_.audit_every) == 0;
}

tensor group_actor::measured(const batch_record& record, std::int64_t first, std::int64_t count) {
  return record.measures.view(first, {count});
}

update_origin group_actor::origin_of(const batch_record& record, std::int64_t version) const {
  const auto interface = is_top() ? no_interface : static_cast<std::uint16_t>(setup_.index);
  return {handled_message(), record.cause, record.batch, version, actor_id_, interface};
}

// `version`: with which the gradient is applied, or will be.
void group_actor::observe_application(const batch_record& record, applied_gradient applied, std::int64_t version) {
  const auto origin = origin_of(record, version);
  setup_.observer->updated(origin, applied, record.predictor_version);
  setup_.observer->measured(origin, trace_measure::staleness, static_cast<double>(version - 1 - record.version));
}

void group_actor::observe_measures(const batch_record& record) {
  if (!record.agreement_measured && !record.audit_measured) return;
  const auto origin = origin_of(record, setup_.layers->version());
  const float* numbers = record.numbers.f32();
  const auto tell = [&](std::int64_t at, trace_measure cosine, trace_measure norms) {
    agreement_mean once;
    once.add(numbers[at], numbers[at + 1], numbers[at + 2]);
    setup_.observer->measured(origin, cosine, once.cosine());
    setup_.observer->measured(origin, norms, once.norm_ratio());
  };
  if (record.agreement_measured) tell(measure::agreement, trace_measure::cosine, trace_measure::norm_ratio);
  if (!record.audit_measured) return;
  tell(measure::audit, trace_measure::audit_cosine, trace_measure::audit_norm_ratio);
  agreement_mean once;
  once.add_bias(numbers[measure::bias], numbers[measure::audit + 2], record.rows);
  setup_.observer->measured(origin, trace_measure::audit_bias, once.bias());
}

namespace {

constexpr const char* nothing_updated = " is NaN or infinite; nothing was updated with it";

} // namespace

void group_actor::report_nonfinite_loss(const batch_record& record) {
  const auto last = setup_.layers->first_layer() + setup_.layers->layer_count() - 1;
  report_nonfinite(record, "the loss after layer " + std::to_string(last) + nothing_updated);
}

void group_actor::check_finite(const batch_record& record) {
  const float* numbers = record.numbers.f32();
  const int layers = setup_.layers->layer_count();
  const auto layer_name = [&](int i) {
    return "layer " + std::to_string(setup_.layers->first_layer() + i) + " (" + setup_.layers->describe_layer(i) + ")";
  };
  if (!std::isfinite(numbers[measure::guard]) || !std::isfinite(numbers[measure::guard + 1])) {
    report_nonfinite(record, "the gradient at the output of " + layer_name(layers - 1) + nothing_updated);
    return;
  }
  for (int i = layers - 1; i >= 0; --i) {
    if (numbers[measure::nonfinite + i] == 0) continue;
    report_nonfinite(record, "the parameter gradient of " + layer_name(i) + " is NaN, infinite or too large in " +
                               std::to_string(static_cast<std::int64_t>(numbers[measure::nonfinite + i])) +
                               " places, which were not updated");
    return;
  }
}

void group_actor::report_nonfinite(const batch_record& record, const std::string& what) {
  send(coordinator(), failure{context_for(no_batch), title() + ", batch " + std::to_string(record.batch) + ": " + what,
                              record.batch, true});
}

std::string group_actor::describe() {
  const auto above = "group " + std::to_string(setup_.index + 1);
  std::string text;
  switch (state_) {
  case state::idle:
    if (flushing_)
      text = "waits for " + above + " to return the gradients of the last batches";
    else if (!inbox_.empty() && !inbox_.front().is_flush_mark)
      text = "at its limit of caches: waits for " + above + " to return a gradient";
    else
      text = "waits for an activation from " +
             (has_below() ? "group " + std::to_string(setup_.index - 1) : std::string("the source"));
    break;
  case state::sending:
    text = "waits for a credit from " + above;
    break;
  case state::gated:
    text = "waits, in the turn of batch " + std::to_string(turn_->batch) + ", for a gradient from " + above;
    break;
  case state::asking:
    text =
      "waits for predictor " + std::to_string(setup_.index) + " to answer for batch " + std::to_string(turn_->batch);
    break;
  }
  if (!away_.empty()) text += "; a neighbour is not to be reached: the network is away";
  text += "; inbox " + std::to_string(inbox_.size()) + ", mailbox " + std::to_string(mailbox().size()) + ", credits " +
          std::to_string(credits_above_) + ", in flight";
  for (const auto& record : in_flight_) {
    text += " " + std::to_string(record->batch);
    if (record->early) text += "(gradient here)";
    if (record->finished) text += "(done)";
  }
  return text + (in_flight_.empty() ? " nothing" : "");
}

// As many records as can be in flight, so that none is made while batches run.
void group_actor::prepare_records() {
  const shape measures{measure::nonfinite + setup_.layers->layer_count()};
  const auto count = setup_.cache_limit + (setup_.max_alone > 0 ? records_alone : 0);
  while (static_cast<std::int64_t>(spare_.size()) < count) {
    spare_.push_back(std::make_unique<batch_record>());
    auto& record = *spare_.back();
    record.measures = make_tensor(*setup_.work, measures);
    record.numbers =
      setup_.work->owner().host_reads_memory() ? record.measures : make_host_visible_tensor(*setup_.work, measures);
  }
}

// Once all measures of the batch are enqueued; the message that waits for the stream after that finds the numbers.
void group_actor::read_measures_late(const batch_record& record) {
  if (setup_.work->owner().host_reads_memory()) return;
  auto numbers = record.numbers;
  setup_.work->ops().copy(*setup_.work, record.measures, numbers);
}

batch_record& group_actor::make_record() {
  in_flight_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  auto& record = *in_flight_.back();
  setup_.work->ops().fill(*setup_.work, record.measures, 0);
  record.sent_down = record.finished = record.ends_at_gap = record.awaits_audit = false;
  record.agreement_measured = record.audit_measured = false;
  return record;
}

batch_record* group_actor::find(std::uint64_t batch) {
  const auto found =
    std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each->batch == batch; });
  return found == in_flight_.end() ? nullptr : found->get();
}

void group_actor::recycle(batch_record& record) {
  const auto found =
    std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each.get() == &record; });
  spare_.push_back(std::move(*found));
  in_flight_.erase(found);
}

} // namespace syngrad
