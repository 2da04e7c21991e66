// Of group_actor: its messages. A batch's turn, gradients and records are in files of their own.
#include "actors/group_actor.hpp"

#include <algorithm>
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

caf::invoke_message_result group_actor::consume(caf::mailbox_element& element) {
  struct handling {
    explicit handling(handler_gate& gate) : gate_(gate) { gate_.enter(); }
    ~handling() { gate_.leave(); }
    handler_gate& gate_;
  };
  const handling now(*setup_.gate);
  return crossing_actor::consume(element);
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
  here.targets = brought_here(arrived.targets);
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
      if (!std::isfinite(loss)) report_nonfinite_loss(*record);
      send(coordinator(), batch_done{context_for(passed.context.batch), loss});
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
  const std::span numbers(passed.result.f32(), objective::numbers);
  send(coordinator(),
       evaluated{context_for(no_batch), passed.evaluation, passed.samples, totals_of(numbers, passed.terms)});
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

} // namespace syngrad
