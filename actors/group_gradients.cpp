// Of group_actor: gradients that come down, what policies do with them, audits.
#include "actors/group_actor.hpp"

#include "runtime/operators.hpp"

#include <cassert>
#include <cmath>
#include <utility>

namespace syngrad {

void group_actor::deliver_early_through(std::uint64_t last) {
  for (std::size_t i = 0; i < in_flight_.size() && in_flight_[i]->batch <= last; ++i) {
    auto& record = *in_flight_[i];
    if (record.finished) continue;
    if (!record.early) return; // in order, or not at all
    deliver_early(record);
  }
}

void group_actor::deliver_early(batch_record& record) {
  const auto early = *std::exchange(record.early, std::nullopt);
  if (early.values) early.values.read_on(*setup_.work);
  deliver(record, early.kind, early.values);
}

void group_actor::deliver_audit(batch_record& record, const tensor& truth) {
  record.awaits_audit = false;
  if (truth)
    audit(record, truth.read_on(*setup_.work));
  else
    send_audit_down(record, {});
  settle_if_done(record);
}

void group_actor::deliver(batch_record& record, gradient_kind kind, const tensor& values) {
  if (audited(record.batch) && kind != gradient_kind::bootstrapped) {
    record.awaits_audit = false;
    if (kind == gradient_kind::truth)
      audit(record, values);
    else
      send_audit_down(record, {});
  }
  if (is_top())
    setup_.policy->on_loss(*this, record, values);
  else
    setup_.policy->on_gradient(*this, record, kind, values);
}

void group_actor::audit(batch_record& record, const tensor& truth) {
  auto& work = *setup_.work;
  if (record.prediction) {
    auto agreement = measured(record, measure::audit, 3);
    work.ops().agreement(work, record.prediction, truth, agreement);
    auto sum = make_tensor(work, {truth.columns()});
    work.ops().sum_rows(work, difference(record.prediction, truth), 0, sum);
    auto squared = measured(record, measure::bias, 1);
    work.ops().sum_squares(work, sum, squared);
    record.audit_measured = true;
  }
  if (!is_top() && has_below() && setup_.policy->bootstraps(record.batch))
    send_audit_down(record, input_gradient(record, truth));
}

void group_actor::send_audit_down(batch_record& record, tensor values) {
  if (!has_below() || is_top() || !setup_.policy->bootstraps(record.batch)) return;
  if (values) values.ready_after(setup_.work->record());
  send_across(below_, audit_gradient{context_for(record.batch), std::move(values)});
}

tensor group_actor::update(batch_record& record, applied_gradient applied, const tensor& dy, std::int64_t terms,
                           bool input_gradient) {
  auto& work = *setup_.work;
  auto guard = measured(record, measure::guard, 1);
  auto nonfinite = measured(record, measure::nonfinite, setup_.layers->layer_count());
  work.ops().sum_squares(work, dy, guard);
  if (is_top()) work.ops().add(work, measured(record, measure::loss, 1), 1, guard); // it may overflow alone
  staleness_ += setup_.layers->version() - record.version;
  ++stale_updates_;
  const update_request request{terms, setup_.rate.at(record.step), std::exchange(accumulated_, false), &guard,
                               &nonfinite};
  const bool sends = input_gradient && has_below() && sends_gradient(record.batch);
  auto below = setup_.layers->backward_and_update(work, dy, record.cache, sends, request);
  observe_application(record, applied, setup_.layers->version());
  return below;
}

void group_actor::accumulate(batch_record& record, tensor dy) {
  auto& work = *setup_.work;
  // What is not finite must not spoil the update of the batch that it is added to.
  auto guard = measured(record, measure::guard + 1, 1);
  work.ops().sum_squares(work, dy, guard);
  if (is_top()) work.ops().add(work, measured(record, measure::loss, 1), 1, guard); // it may overflow alone
  work.ops().zero_unless_finite(work, guard, dy);
  setup_.layers->backward(work, dy, record.cache, {false, true, accumulated_});
  accumulated_ = true;
  staleness_ += setup_.layers->version() - record.version;
  ++stale_updates_;
  observe_application(record, is_top() ? applied_gradient::truth : applied_gradient::residual,
                      setup_.layers->version() + 1);
}

void group_actor::apply_accumulated(std::int64_t terms) {
  if (!std::exchange(accumulated_, false)) return;
  setup_.layers->update(*setup_.work, {terms, setup_.rate.at(next_step_), true});
}

tensor group_actor::input_gradient(batch_record& record, const tensor& dy) {
  if (!has_below()) return {};
  return setup_.layers->backward(*setup_.work, dy, record.cache, {true, false, false});
}

tensor group_actor::difference(const tensor& a, const tensor& b) {
  auto& work = *setup_.work;
  auto out = make_tensor(work, a.extents());
  work.ops().subtract(work, a, b, out);
  return out;
}

void group_actor::send_down(batch_record& record, gradient_kind kind, tensor values) {
  assert(!record.sent_down);
  record.sent_down = true;
  if (!has_below()) return;
  if (!sends_gradient(record.batch)) {
    kind = gradient_kind::none;
    values = {};
  }
  if (values) values.ready_after(setup_.work->record());
  auto context = context_for(record.batch, static_cast<std::uint32_t>(setup_.layers->version()));
  send_across(below_, gradient{context, kind, std::move(values)});
}

void group_actor::train_predictor(batch_record& record, gradient_kind kind, const tensor& received) {
  if (!predictor_) return;
  if (record.prediction && measures_agreement(record.batch)) {
    auto numbers = measured(record, measure::agreement, 3);
    setup_.work->ops().agreement(*setup_.work, record.prediction, received, numbers);
    record.agreement_measured = true;
  }
  auto context = context_for(record.batch, static_cast<std::uint32_t>(setup_.layers->version()));
  send(predictor_, target{context, kind, record.output, record.targets, received});
}

void group_actor::finish(batch_record& record) {
  record.finished = true;
  if (turn_ != &record) settle_if_done(record);
}

void group_actor::settle_if_done(batch_record& record) {
  if (!record.finished || record.awaits_audit) return;
  // The memory may be used again once the stream is past its readers; the measures are still to be read.
  record.cache.drop();
  record.output = record.targets = record.prediction = {};
  if (!is_top()) read_measures_late(record);
  when_complete(*setup_.work, work_done{context_for(record.batch), true});
}

} // namespace syngrad
