// Of group_actor: a batch's turn, from its input to where the next one may begin.
#include "actors/group_actor.hpp"

#include "runtime/operators.hpp"

#include <algorithm>

namespace syngrad {

void group_actor::advance() {
  for (;;) {
    switch (state_) {
    case state::idle:
      if (!start_next()) return;
      break;
    case state::sending:
      if (turn_ && may_train_alone(turn_->batch)) {
        go_on_alone();
        break;
      }
      if (!turn_ && leaves_evaluations_out()) {
        leave_evaluation_out();
        break;
      }
      if (credits_above_ == 0) return;
      --credits_above_;
      send_across(above_, std::exchange(output_, {}));
      state_ = turn_ ? state::gated : state::idle;
      break;
    case state::gated:
      if (!gate_open()) return;
      if (predictor_ && setup_.policy->predicts(turn_->batch)) {
        auto context = caused_by(turn_->cause, turn_->batch, static_cast<std::uint32_t>(turn_->version));
        send(predictor_, predict{context, turn_->output, turn_->targets});
        state_ = state::asking;
        return;
      }
      finish_turn();
      break;
    case state::asking:
      return;
    }
  }
}

bool group_actor::start_next() {
  if (inbox_.empty()) return false;
  if (inbox_.front().is_flush_mark) return try_flush();
  const bool trains = inbox_.front().batch.mode == phase::train;
  if (trains && !has_room_for(inbox_.front().batch.context.batch)) return false;
  auto next = std::move(inbox_.front().batch);
  inbox_.pop_front();
  if (trains)
    start_training_batch(std::move(next));
  else
    start_evaluation_batch(std::move(next));
  return true;
}

void group_actor::start_training_batch(activation batch) {
  auto& work = *setup_.work;
  auto& record = make_record();
  record.batch = batch.context.batch;
  turn_ = &record; // from here on a failure is about this batch
  record.cause = batch.context.id;
  record.predictor_version = no_predictor_version;
  record.step = batch.step;
  next_batch_ = record.batch + 1;
  next_step_ = record.step + 1;
  record.rows = batch.values.rows();
  record.version = setup_.layers->version();
  record.terms = std::max<std::int64_t>(batch.terms, 1);
  record.targets = batch.targets.read_on(work);
  samples_ += batch.samples;
  record.output = setup_.layers->forward(work, batch.values.read_on(work), phase::train, &record.cache);
  record.output.ready_after(work.record());
  if (is_top()) {
    auto result = measured(record, measure::loss, objective::numbers);
    deliver(record, gradient_kind::truth,
            setup_.trained_for->evaluate(work, record.output, record.targets, true, result));
    finish_turn();
    return;
  }
  record.awaits_audit = audited(record.batch) && setup_.policy->bootstraps(record.batch);
  output_ = {caused_by(record.cause, record.batch, static_cast<std::uint32_t>(record.version)),
             phase::train,
             0,
             record.output,
             record.targets,
             batch.samples,
             batch.terms,
             record.step};
  state_ = state::sending;
}

void group_actor::start_evaluation_batch(activation batch) {
  auto& work = *setup_.work;
  auto output = setup_.layers->forward(work, batch.values.read_on(work), phase::evaluate, nullptr);
  evaluation_done passed{caused_by(batch.context.id, no_batch, 0), batch.evaluation, batch.samples, batch.terms, {}};
  turn_ = nullptr;
  if (is_top()) {
    auto result = make_tensor(work, {objective::numbers});
    work.ops().fill(work, result, 0);
    setup_.trained_for->evaluate(work, output, batch.targets.read_on(work), false, result);
    passed.result = brought_to_host(work, result);
  } else {
    output.ready_after(work.record());
    output_ = {caused_by(batch.context.id, no_batch, 0),
               phase::evaluate,
               batch.evaluation,
               std::move(output),
               batch.targets,
               batch.samples,
               batch.terms};
    state_ = state::sending;
  }
  when_complete(work, std::move(passed));
}

bool group_actor::gate_open() {
  if (setup_.policy->waits_for_gradient(turn_->batch)) {
    deliver_early_through(turn_->batch);
    return turn_->finished;
  }
  if (!setup_.deterministic) return true;
  const auto lag = static_cast<std::uint64_t>(setup_.lag);
  if (turn_->batch < lag) return true;
  const auto due = turn_->batch - lag;
  deliver_early_through(due);
  const auto* record = find(due);
  return !record || record->finished;
}

void group_actor::finish_turn() {
  auto& record = *std::exchange(turn_, nullptr);
  state_ = state::idle;
  if (is_top())
    read_measures_late(record);
  else
    setup_.policy->on_turn(*this, record);
  when_complete(*setup_.work, work_done{context_for(record.batch), false});
  if (record.finished) {
    settle_if_done(record);
    return;
  }
  if (record.ends_at_gap) {
    deliver(record, gradient_kind::none, {});
    return;
  }
  if (record.early_audit) deliver_audit(record, *std::exchange(record.early_audit, std::nullopt));
  if (record.early && !setup_.deterministic) deliver_early(record);
}

bool group_actor::try_flush() {
  if (!std::exchange(flushing_, true)) {
    if (above_.who) send_across(above_, flush_mark{context_for(no_batch)});
    if (!in_flight_.empty()) deliver_early_through(in_flight_.back()->batch); // deterministic: held back until now
  }
  if (!in_flight_.empty()) return false;
  setup_.policy->on_end(*this);
  flushing_ = false;
  flushed_ = true;
  inbox_.pop_front();
  send(coordinator(), flushed{context_for(no_batch), setup_.index});
  return true;
}

} // namespace syngrad
