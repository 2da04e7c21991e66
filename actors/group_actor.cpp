// Of group_actor: messages, and a batch's turn. Gradients and records are in files of their own.
#include "actors/group_actor.hpp"

#include "models/loss.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace syngrad {

group_actor::group_actor(caf::actor_config& config, actor_place place, group_setup setup)
  : crossing_actor(config, place, "group " + std::to_string(setup.index), actor_role::group, setup.index,
                   *setup.copies),
    setup_(std::move(setup)), actor_id_(actor_id(place.process(), place.number)), gap_(setup_.max_alone),
    wanted_below_(setup_.gradients.every), appetite_(setup_.gradients) {}

group_actor::~group_actor() = default;

caf::behavior group_actor::make_behavior() {
  return with_describe({
    on(&group_actor::handle_connect),
    on(&group_actor::handle_activation),
    on(&group_actor::handle_flush_mark),
    on(&group_actor::handle_gradient),
    on(&group_actor::handle_audit_gradient),
    on(&group_actor::handle_gradients_wanted),
    on(&group_actor::handle_synthetic_gradient),
    on(&group_actor::handle_targets_dropped),
    on(&group_actor::handle_credit),
    on(&group_actor::handle_work_done),
    on(&group_actor::handle_evaluation_done),
    on(&group_actor::handle_departure),
    on(&group_actor::handle_report_request),
    on(&group_actor::handle_neighbour_away),
    on(&group_actor::handle_neighbour_back),
  });
}

void group_actor::on_exit() {
  away_.clear();
  below_.who = above_.who = predictor_ = nullptr;
  crossing_actor::on_exit();
}

// ---- messages

void group_actor::handle_connect(connect& neighbours) {
  below_ = {neighbours.below, setup_.host_below};
  above_ = {neighbours.above, setup_.host_above};
  predictor_ = neighbours.predictor;
  report_failures_to(neighbours.coordinator);
  prepare_records();
  send(below_.who, credit{context_for(no_batch), setup_.credits});
}

void group_actor::handle_activation(activation& arrived) {
  auto here = arrived;
  here.values = brought_here(arrived.values);
  here.labels = brought_here(arrived.labels);
  inbox_.push_back({std::move(here), false});
  advance();
}

void group_actor::handle_flush_mark(flush_mark& mark) {
  activation place;
  place.context = mark.context;
  inbox_.push_back({place, true});
  advance();
}

void group_actor::handle_gradient(gradient& arrived) {
  auto* record = find(arrived.context.batch);
  if (!record || record->finished || record->early) {
    send(coordinator(), failure{context_for(no_batch),
                                title() + ": an unexpected gradient for batch " + std::to_string(arrived.context.batch),
                                arrived.context.batch, false});
    return;
  }
  record->early = batch_record::early_gradient{arrived.kind, brought_here(arrived.values)};
  // Before its own turn is over a batch has no prediction to compare with: finish_turn() hands the gradient over.
  const bool in_turn = record == turn_;
  if (flushing_)
    deliver_early_through(in_flight_.back()->batch);
  else if (!setup_.deterministic && !in_turn)
    deliver_early(*record);
  advance();
}

void group_actor::handle_audit_gradient(audit_gradient& arrived) {
  auto* record = find(arrived.context.batch);
  if (!record || !record->awaits_audit) return;
  auto truth = brought_here(arrived.values);
  if (record == turn_)
    record->early_audit = std::move(truth);
  else
    deliver_audit(*record, truth);
  advance();
}

void group_actor::handle_synthetic_gradient(synthetic_gradient& answer) {
  if (state_ != state::asking || turn_->batch != answer.context.batch) return;
  turn_->prediction = answer.values.read_on(*setup_.work);
  turn_->predictor_version = answer.context.version;
  finish_turn();
  advance();
}

void group_actor::handle_credit(credit& granted) {
  credits_above_ += granted.batches;
  advance();
}

void group_actor::handle_work_done(work_done& passed) {
  setup_.work->raise_failure();
  auto* record = find(passed.context.batch);
  if (!record) return;
  if (!passed.settled) {
    send(below_.who, credit{context_for(passed.context.batch), 1});
    if (record->ends_at_gap) send(coordinator(), batch_alone{context_for(passed.context.batch)});
    if (is_top()) {
      const double loss = record->numbers.f32()[measure::loss];
      setup_.observer->measured(origin_of(*record, setup_.layers->version()), trace_measure::loss, loss);
      if (!std::isfinite(loss))
        report_nonfinite(*record, "the loss after layer " +
                                    std::to_string(setup_.layers->first_layer() + setup_.layers->layer_count() - 1));
      send(coordinator(), batch_done{context_for(passed.context.batch), loss, record->rows});
    }
    return;
  }
  observe_measures(*record);
  const float* numbers = record->numbers.f32();
  const auto add = [&](agreement_mean& mean, std::int64_t at) {
    mean.add(numbers[at], numbers[at + 1], numbers[at + 2]);
  };
  if (record->agreement_measured) {
    add(agreement_, measure::agreement);
    add(interval_agreement_, measure::agreement);
    tell_what_is_wanted(numbers[measure::agreement], numbers[measure::agreement + 1], numbers[measure::agreement + 2]);
  }
  if (record->audit_measured) {
    add(audit_agreement_, measure::audit);
    audit_agreement_.add_bias(numbers[measure::bias], numbers[measure::audit + 2], record->rows);
  }
  check_finite(*record);
  recycle(*record);
  advance();
}

void group_actor::handle_evaluation_done(evaluation_done& passed) {
  setup_.work->raise_failure();
  send(below_.who, credit{context_for(no_batch), 1});
  if (!passed.result) return;
  const float* numbers = passed.result.f32();
  send(coordinator(), evaluated{context_for(no_batch), passed.evaluation, numbers[0], numbers[1], passed.rows});
}

void group_actor::handle_report_request(report_request& request) {
  const auto now = steady_now_ns();
  const bool interval = request.span == report_span::since_last_interval;
  const auto& agreement = interval ? interval_agreement_ : agreement_;
  group_report out;
  out.group = setup_.index;
  out.layers = setup_.units;
  out.updates = setup_.layers->version();
  out.busy = times().busy_share(now);
  out.starved = times().waiting_share(waiting_reason::input, now);
  out.blocked = times().waiting_share(waiting_reason::credit, now);
  out.staleness = stale_updates_ ? static_cast<double>(staleness_) / static_cast<double>(stale_updates_) : 0.0;
  out.cosine = agreement.cosine();
  out.norm_ratio = agreement.norm_ratio();
  out.audit_cosine = audit_agreement_.cosine();
  out.audit_norm_ratio = audit_agreement_.norm_ratio();
  out.audit_bias = audit_agreement_.bias();
  out.parameters = setup_.layers->parameter_count();
  out.predictor_parameters = setup_.predictor_parameters;
  const double own = setup_.layers->multiply_adds();
  out.predictor_share = setup_.predictor_multiply_adds / (own + setup_.predictor_multiply_adds);
  out.dropped_targets = dropped_targets_;
  report_traffic(out);
  out.alone = gap_.alone();
  if (interval) interval_agreement_ = {};
  send(coordinator(), report{context_for(no_batch), request.number, out});
}

// ---- a batch's turn

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
        send(predictor_, predict{context, turn_->output, turn_->labels});
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
  record.labels = batch.labels.read_on(work);
  last_rows_ = record.rows;
  samples_ += record.rows;
  record.output = setup_.layers->forward(work, batch.values.read_on(work), phase::train, &record.cache);
  record.output.ready_after(work.record());
  if (is_top()) {
    auto result = measured(record, measure::loss, 2);
    const auto loss = softmax_cross_entropy(work, record.output, record.labels, true, result);
    deliver(record, gradient_kind::truth, loss.gradient);
    finish_turn();
    return;
  }
  record.awaits_audit = audited(record.batch) && setup_.policy->bootstraps(record.batch);
  output_ = {caused_by(record.cause, record.batch, static_cast<std::uint32_t>(record.version)),
             phase::train,
             0,
             record.output,
             record.labels,
             record.step};
  state_ = state::sending;
}

void group_actor::start_evaluation_batch(activation batch) {
  auto& work = *setup_.work;
  auto output = setup_.layers->forward(work, batch.values.read_on(work), phase::evaluate, nullptr);
  evaluation_done passed{caused_by(batch.context.id, no_batch, 0), batch.evaluation, batch.values.rows(), {}};
  turn_ = nullptr;
  if (is_top()) {
    auto result = make_tensor(work, {2});
    softmax_cross_entropy(work, output, batch.labels.read_on(work), false, result);
    passed.result = brought_to_host(work, result);
  } else {
    output.ready_after(work.record());
    output_ = {
      caused_by(batch.context.id, no_batch, 0), phase::evaluate, batch.evaluation, std::move(output), batch.labels, 0};
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
  if (!is_top()) setup_.policy->on_end(*this);
  flushing_ = false;
  flushed_ = true;
  inbox_.pop_front();
  send(coordinator(), flushed{context_for(no_batch), setup_.index});
  return true;
}

} // namespace syngrad
