#include "actors/group_actor.hpp"

#include "models/loss.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace syngrad {

group_actor::group_actor(caf::actor_config& config, actor_place place, group_setup setup)
  : observed_actor(config, place, "group " + std::to_string(setup.index), actor_role::group, setup.index),
    setup_(std::move(setup)), actor_id_(actor_id(place.trace ? place.trace->node() : std::uint8_t{0}, place.number)) {}

group_actor::~group_actor() = default;

caf::behavior group_actor::make_behavior() {
  return with_describe({
    on(&group_actor::handle_connect),
    on(&group_actor::handle_activation),
    on(&group_actor::handle_flush_mark),
    on(&group_actor::handle_gradient),
    on(&group_actor::handle_audit_gradient),
    on(&group_actor::handle_synthetic_gradient),
    on(&group_actor::handle_targets_dropped),
    on(&group_actor::handle_credit),
    on(&group_actor::handle_work_done),
    on(&group_actor::handle_evaluation_done),
    on(&group_actor::handle_report_request),
  });
}

void group_actor::on_exit() {
  below_ = above_ = predictor_ = nullptr;
  observed_actor::on_exit();
}

// ---- messages

void group_actor::handle_connect(connect& neighbours) {
  below_ = neighbours.below;
  above_ = neighbours.above;
  predictor_ = neighbours.predictor;
  report_failures_to(neighbours.coordinator);
  prepare_records();
  send(below_, credit{context_for(no_batch), setup_.credits});
}

void group_actor::handle_activation(activation& arrived) {
  inbox_.push_back({arrived, false});
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
  record->early = batch_record::early_gradient{arrived.kind, arrived.values};
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
  if (record == turn_)
    record->early_audit = arrived.values;
  else
    deliver_audit(*record, arrived.values);
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
  auto* record = find(passed.context.batch);
  if (!record) return;
  if (!passed.settled) {
    send(below_, credit{context_for(passed.context.batch), 1});
    if (is_top()) {
      const double loss = record->measures.f32()[measure::loss];
      setup_.observer->measured(origin_of(*record, setup_.layers->version()), trace_measure::loss, loss);
      if (!std::isfinite(loss))
        report_nonfinite(*record, "the loss after layer " +
                                    std::to_string(setup_.layers->first_layer() + setup_.layers->layer_count() - 1));
      send(coordinator(), batch_done{context_for(passed.context.batch), loss, record->rows});
    }
    return;
  }
  observe_measures(*record);
  const float* numbers = record->measures.f32();
  const auto add = [&](agreement_mean& mean, std::int64_t at) {
    mean.add(numbers[at], numbers[at + 1], numbers[at + 2]);
  };
  if (record->agreement_measured) {
    add(agreement_, measure::agreement);
    add(interval_agreement_, measure::agreement);
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
  send(below_, credit{context_for(no_batch), 1});
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
      if (credits_above_ == 0) return;
      --credits_above_;
      send(above_, std::exchange(output_, {}));
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
  if (trains && static_cast<std::int64_t>(in_flight_.size()) >= setup_.cache_limit) return false;
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
  record.cause = batch.context.id;
  record.predictor_version = no_predictor_version;
  record.rows = batch.values.rows();
  record.version = setup_.layers->version();
  record.labels = batch.labels.read_on(work);
  last_rows_ = record.rows;
  record.output = setup_.layers->forward(work, batch.values.read_on(work), phase::train, &record.cache);
  record.output.ready_after(work.record());
  turn_ = &record;
  if (is_top()) {
    auto result = measured(record, measure::loss, 2);
    const auto loss = softmax_cross_entropy(work, record.output, record.labels, true, result);
    deliver(record, gradient_kind::truth, loss.gradient);
    finish_turn();
    return;
  }
  record.awaits_audit = audited(record.batch) && setup_.policy->bootstraps(record.batch);
  output_ = {caused_by(record.cause, record.batch, static_cast<std::uint32_t>(record.version)), phase::train, 0,
             record.output, record.labels};
  state_ = state::sending;
}

void group_actor::start_evaluation_batch(activation batch) {
  auto& work = *setup_.work;
  auto output = setup_.layers->forward(work, batch.values.read_on(work), phase::evaluate, nullptr);
  evaluation_done passed{caused_by(batch.context.id, no_batch, 0), batch.evaluation, batch.values.rows(), {}};
  turn_ = nullptr;
  if (is_top()) {
    passed.result = make_tensor(work, {2});
    softmax_cross_entropy(work, output, batch.labels.read_on(work), false, passed.result);
  } else {
    output.ready_after(work.record());
    output_ = {caused_by(batch.context.id, no_batch, 0), phase::evaluate, batch.evaluation, std::move(output),
               batch.labels};
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
  if (!is_top()) setup_.policy->on_turn(*this, record);
  when_complete(*setup_.work, work_done{context_for(record.batch), false});
  if (record.finished) {
    settle_if_done(record);
    return;
  }
  if (record.early_audit) deliver_audit(record, *std::exchange(record.early_audit, std::nullopt));
  if (record.early && !setup_.deterministic) deliver_early(record);
}

bool group_actor::try_flush() {
  if (!std::exchange(flushing_, true)) {
    if (above_) send(above_, flush_mark{context_for(no_batch)});
    if (!in_flight_.empty()) deliver_early_through(in_flight_.back()->batch); // deterministic: held back until now
  }
  if (!in_flight_.empty()) return false;
  if (!is_top()) setup_.policy->on_end(*this);
  flushing_ = false;
  inbox_.pop_front();
  send(coordinator(), flushed{context_for(no_batch), setup_.index});
  return true;
}

// ---- gradients

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
    apply_at_top(record, values);
  else
    setup_.policy->on_gradient(*this, record, kind, values);
}

void group_actor::apply_at_top(batch_record& record, const tensor& truth) {
  send_down(record, gradient_kind::truth, update(record, applied_gradient::truth, truth, true));
  finish(record);
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
  send(below_, audit_gradient{context_for(record.batch), std::move(values)});
}

tensor group_actor::update(batch_record& record, applied_gradient applied, const tensor& dy, bool input_gradient) {
  auto& work = *setup_.work;
  auto guard = measured(record, measure::guard, 1);
  auto nonfinite = measured(record, measure::nonfinite, setup_.layers->layer_count());
  work.ops().sum_squares(work, dy, guard);
  staleness_ += setup_.layers->version() - record.version;
  ++stale_updates_;
  const update_request request{record.rows, setup_.rate.at(setup_.layers->version()),
                               std::exchange(accumulated_, false), &guard, &nonfinite};
  auto below = setup_.layers->backward_and_update(work, dy, record.cache, input_gradient && has_below(), request);
  observe_application(record, applied, setup_.layers->version());
  return below;
}

void group_actor::accumulate(batch_record& record, tensor dy) {
  auto& work = *setup_.work;
  // What is not finite must not spoil the update of the batch that it is added to.
  auto guard = measured(record, measure::guard + 1, 1);
  work.ops().sum_squares(work, dy, guard);
  work.ops().zero_unless_finite(work, guard, dy);
  setup_.layers->backward(work, dy, record.cache, {false, true, accumulated_});
  accumulated_ = true;
  staleness_ += setup_.layers->version() - record.version;
  ++stale_updates_;
  observe_application(record, applied_gradient::residual, setup_.layers->version() + 1);
}

void group_actor::apply_accumulated() {
  if (!std::exchange(accumulated_, false)) return;
  setup_.layers->update(*setup_.work, {last_rows_, setup_.rate.at(setup_.layers->version()), true});
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
  if (values) values.ready_after(setup_.work->record());
  auto context = context_for(record.batch, static_cast<std::uint32_t>(setup_.layers->version()));
  send(below_, gradient{context, kind, std::move(values)});
}

void group_actor::train_predictor(batch_record& record, gradient_kind kind, const tensor& received) {
  if (!predictor_) return;
  // A few batches tell as much about the mean as all of them, at a fraction of the cost.
  constexpr std::uint64_t agreement_every = 4;
  if (record.prediction && record.batch % agreement_every == 0) {
    auto numbers = measured(record, measure::agreement, 3);
    setup_.work->ops().agreement(*setup_.work, record.prediction, received, numbers);
    record.agreement_measured = true;
  }
  auto context = context_for(record.batch, static_cast<std::uint32_t>(setup_.layers->version()));
  send(predictor_, target{context, kind, record.output, record.labels, received});
}

void group_actor::finish(batch_record& record) {
  record.finished = true;
  if (turn_ != &record) settle_if_done(record);
}

void group_actor::settle_if_done(batch_record& record) {
  if (!record.finished || record.awaits_audit) return;
  // The memory may be used again once the stream is past its readers; the measures are still to be read.
  for (auto& each : record.cache.layers) each = {};
  record.output = record.labels = record.prediction = {};
  when_complete(*setup_.work, work_done{context_for(record.batch), true});
}

// ---- records and checks

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
  const float* numbers = record.measures.f32();
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

void group_actor::check_finite(const batch_record& record) {
  const float* numbers = record.measures.f32();
  const int layers = setup_.layers->layer_count();
  const auto layer_name = [&](int i) {
    return "layer " + std::to_string(setup_.layers->first_layer() + i) + " (" + setup_.layers->describe_layer(i) + ")";
  };
  if (!std::isfinite(numbers[measure::guard]) || !std::isfinite(numbers[measure::guard + 1])) {
    report_nonfinite(record, "the gradient at the output of " + layer_name(layers - 1));
    return;
  }
  for (int i = layers - 1; i >= 0; --i) {
    if (numbers[measure::nonfinite + i] == 0) continue;
    report_nonfinite(record, "the parameter gradient of " + layer_name(i));
    return;
  }
}

void group_actor::report_nonfinite(const batch_record& record, const std::string& what) {
  send(coordinator(), failure{context_for(no_batch),
                              title() + ", batch " + std::to_string(record.batch) + ": " + what +
                                " is NaN or infinite; nothing was updated with it",
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
  while (static_cast<std::int64_t>(spare_.size()) < setup_.cache_limit) {
    spare_.push_back(std::make_unique<batch_record>());
    spare_.back()->measures = make_tensor(*setup_.work, measures);
  }
}

batch_record& group_actor::make_record() {
  in_flight_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  auto& record = *in_flight_.back();
  setup_.work->ops().fill(*setup_.work, record.measures, 0);
  record.sent_down = record.finished = record.awaits_audit = false;
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
