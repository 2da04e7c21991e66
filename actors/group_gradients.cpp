#include "actors/group_gradients.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

group_gradients::group_gradients(group_parts& parts)
  : parts_(parts), can_(policy().capabilities()), weights_(parts, can_),
    most_in_flight_(policy().most_in_flight(parts.setup.index, parts.setup.count)) {
  parts_.kept.expect_updates_of(can_.micro_batches);
  if (can_.micro_batches > 1) guard_ = make_tensor(work(), {1});
}

namespace {

// What comes from another process is not believed: passes over some samples read where their numbers say.
bool fits(const batch_record& record, const gradient& arrived) {
  const auto& chosen = arrived.chosen;
  if (!chosen) return true;
  return arrived.values && chosen.weights && chosen.all == record.samples && chosen.count() > 0 &&
         chosen.count() <= chosen.all && chosen.numbers.type() == dtype::i32 && chosen.weights.type() == dtype::f32 &&
         chosen.weights.elements() == chosen.count() &&
         arrived.values.rows() * chosen.all == record.rows * chosen.count();
}

} // namespace

// ---- what has come

bool group_gradients::arrived(const gradient& arrived, bool turns_over) {
  auto* record = parts_.window.find(arrived.context.batch);
  if (!record || record->finished || record->early || !fits(*record, arrived)) return false;
  record->early = batch_record::early_gradient{arrived.kind, arrived.values, arrived.chosen};
  // Before its own turn is over a batch has no prediction to compare with: end_turn() hands the gradient over.
  if (turns_over)
    deliver_through(parts_.window.last());
  else if (handles_early() && !record->in_turn)
    deliver_early(*record);
  return true;
}

void group_gradients::arrived(const audit_gradient& arrived) {
  auto* record = parts_.window.find(arrived.context.batch);
  if (!record || !record->awaits_audit) return;
  if (record->in_turn)
    record->early_audit = arrived.values;
  else
    deliver_audit(*record, arrived.values);
}

void group_gradients::settled(batch_record& record) {
  parts_.account.measured(parts_.out.origin_of(record, parts_.setup.layers->version()), record);
  if (record.agreement_measured) {
    const float* numbers = record.numbers.f32() + measure::agreement;
    if (const auto every = parts_.above.wanted_after(numbers[0], numbers[1], numbers[2]))
      parts_.out.send_above(gradients_wanted{parts_.out.context_for(no_batch), *every});
    if (can_.judges_predictions) tell_measure(record);
  }
  if (const auto fault = parts_.account.fault_of(record); !fault.empty()) parts_.tell_failure(record, fault);
  parts_.window.recycle(record);
}

void group_gradients::tell_measure(const batch_record& record) {
  const float* numbers = record.numbers.f32();
  const float* agreement = numbers + measure::agreement;
  const auto what =
    measure_of(agreement[0], agreement[1], agreement[2], numbers[measure::missed_sum], record.rows_measured);
  if (parts_.setup.deterministic)
    to_tell_.known(record.batch, what);
  else if (what)
    policy().on_measured(*what);
}

// ---- the turn

void group_gradients::begin(batch_record& record) {
  weights_.begin(record);
  turn_ = record.batch;
  next_step_ = record.step + 1;
  record.awaits_audit = !parts_.is_top() && parts_.setup.is_audited(record.batch) && policy().bootstraps(record.batch);
}

void group_gradients::forward(batch_record& record, const tensor& x) {
  auto& layers = *parts_.setup.layers;
  record.from_below = x.memory().get();
  const bool waits = !parts_.is_top() || can_.holds_gradients;
  if (parts_.setup.recompute && waits) layers.keep_beginning(work(), x, record.cache);
  record.output = layers.forward(work(), x, phase::train, &record.cache);
  record.output.ready_after(work().record());
  if (!predicts(record.batch)) let_cache_go(record);
  ++passes_;
  parts_.kept.look_at(parts_.window, weights_.held_back_bytes() + feedback_.bytes());
}

// Makes the forward pass again where its cache was let go.
void group_gradients::need_cache(batch_record& record) {
  if (!record.cache.is_there) parts_.setup.layers->recompute(work(), record.cache, record.weights);
}

void group_gradients::let_cache_go(batch_record& record) const {
  if (!record.cache.beginning.input || record.put_off) return;
  record.cache.drop_saved();
  record.cache_of_chosen.drop_saved();
}

void group_gradients::loss(batch_record& record, const tensor& values) {
  if (can_.holds_gradients)
    record.early = batch_record::early_gradient{gradient_kind::truth, values};
  else
    deliver(record, gradient_kind::truth, values);
}

bool group_gradients::is_handled_through(std::uint64_t batch) const {
  const auto& all = parts_.window.in_flight();
  return std::none_of(all.begin(), all.end(),
                      [&](const auto& each) { return each->batch <= batch && !each->finished && !each->put_off; });
}

bool group_gradients::handled_before(const batch_record& record) {
  if (!to_tell_.tell_due(record.batch, [this](const auto& what) { policy().on_measured(what); })) return false;
  if (const auto due = policy().due_by(record.batch, parts_.setup.index, parts_.setup.count)) {
    deliver_through(*due);
    return is_handled_through(*due);
  }
  if (!parts_.setup.deterministic || can_.needs_no_lag) return true;
  const auto lag = static_cast<std::uint64_t>(parts_.setup.lag);
  if (record.batch < lag) return true;
  const auto due = record.batch - lag;
  deliver_through(due);
  const auto* due_record = parts_.window.find(due);
  return !due_record || due_record->finished;
}

void group_gradients::end_turn(batch_record& record) {
  if (!parts_.is_top()) policy().on_turn(*this, record);
  if (parts_.is_top() && record.finished) {
    parts_.window.copy_measures(record);
    record.told_in_turn = true;
  }
  record.in_turn = false;
  let_cache_go(record);
  parts_.out.when_complete(work_done{parts_.out.context_for(record.batch), false});
  if (record.finished) {
    settle_if_done(record);
    return;
  }
  if (record.ends_at_gap) {
    deliver(record, gradient_kind::none, {});
    return;
  }
  if (record.early_audit) deliver_audit(record, *std::exchange(record.early_audit, std::nullopt));
  if (record.early && handles_early()) deliver_early(record);
}

void group_gradients::deliver_through(std::uint64_t last) {
  parts_.window.deliver_through(last, [this](batch_record& each) { deliver_early(each); });
}

bool group_gradients::has_put_off() const {
  if (!can_.splits_backward) return false;
  const auto& all = parts_.window.in_flight();
  return std::any_of(all.begin(), all.end(), [](const auto& each) { return each->put_off; });
}

bool group_gradients::complete_oldest() {
  const auto& all = parts_.window.in_flight();
  const auto oldest = std::find_if(all.begin(), all.end(), [](const auto& each) { return each->put_off; });
  if (oldest == all.end()) return false;
  policy().on_leisure(*this, **oldest);
  return true;
}

void group_gradients::make_room() {
  if (!can_.splits_backward) return;
  const auto& all = parts_.window.in_flight();
  const auto is_full = [&] {
    return std::count_if(all.begin(), all.end(), [](const auto& each) { return !each->finished; }) >= most_in_flight_;
  };
  while (is_full() && complete_oldest()) {
  }
}

void group_gradients::end() {
  policy().on_end(*this);
  if (micro_batches_ > 0) apply_accumulated(terms_);
  weights_.end();
}

// ---- to the policy

void group_gradients::deliver_early(batch_record& record) {
  const auto early = *std::exchange(record.early, std::nullopt);
  if (early.values) early.values.read_on(work());
  if (early.chosen) {
    record.chosen = {early.chosen.numbers.read_on(work()), early.chosen.weights.read_on(work()), early.chosen.all};
  }
  deliver(record, early.kind, early.values);
}

void group_gradients::deliver(batch_record& record, gradient_kind kind, const tensor& values) {
  if (parts_.setup.is_audited(record.batch) && kind != gradient_kind::bootstrapped) {
    record.awaits_audit = false;
    if (kind == gradient_kind::truth)
      audit(record, values);
    else
      send_audit_down(record, {});
  }
  if (parts_.is_top())
    policy().on_loss(*this, record, values);
  else
    policy().on_gradient(*this, record, kind, values);
  let_cache_go(record);
  ++passes_;
  if (begun_ < can_.micro_batches) return;
  while (complete_oldest()) { // the update of weights is due
  }
}

// ---- audits: the true gradient travels apart, to be compared with

void group_gradients::deliver_audit(batch_record& record, const tensor& truth) {
  record.awaits_audit = false;
  if (truth)
    audit(record, truth.read_on(work()));
  else
    send_audit_down(record, {});
  let_cache_go(record);
  settle_if_done(record);
}

void group_gradients::audit(batch_record& record, const tensor& truth) {
  auto& ops = work().ops();
  if (record.prediction && !record.audit_measured) {
    auto agreement = measured(record, measure::audit, 3);
    ops.agreement(work(), record.prediction, truth, agreement);
    measure_missed_sum(record, record.prediction, truth, measure::bias);
    record.audit_measured = true;
  }
  if (!parts_.is_top() && parts_.below.takes_gradients() && policy().bootstraps(record.batch))
    send_audit_down(record, input_gradient(record, truth));
}

void group_gradients::measure_missed_sum(batch_record& record, const tensor& prediction, const tensor& received,
                                         std::int64_t at) {
  auto sum = make_tensor(work(), {received.columns()});
  work().ops().sum_rows(work(), difference(prediction, received), 0, sum);
  auto squared = measured(record, at, 1);
  work().ops().sum_squares(work(), sum, squared);
}

void group_gradients::send_audit_down(batch_record& record, tensor values) {
  if (!parts_.below.takes_gradients() || parts_.is_top() || !policy().bootstraps(record.batch)) return;
  if (values) values.ready_after(work().record());
  parts_.out.send_below(audit_gradient{parts_.out.context_for(record.batch), std::move(values)});
}

// ---- what policies ask for

// Nothing is applied where this sum is not finite. The loss is in it: it can overflow where the gradient does not.
void group_gradients::guard(batch_record& record, const tensor& dy, tensor& sum) const {
  work().ops().sum_squares(work(), dy, sum);
  if (parts_.is_top()) work().ops().add(work(), measured(record, measure::loss, 1), 1, sum);
}

// Into the guard of the whole update, where several micro-batches make it.
void group_gradients::count_guard(batch_record& record, const tensor& dy, bool is_first) {
  auto sum = measured(record, measure::guard, 1);
  guard(record, dy, sum);
  if (!guard_) return;
  if (is_first)
    work().ops().copy(work(), sum, guard_);
  else
    work().ops().add(work(), sum, 1, guard_);
}

// Of all micro-batches so far, of which `record` is the last.
update_request group_gradients::update_of(batch_record& record, tensor& nonfinite, tensor& squared_norm) {
  nonfinite = measured(record, measure::nonfinite, parts_.setup.layers->layer_count());
  squared_norm = measured(record, measure::squared_norm, 1);
  micro_batches_ = 0;
  record.update_terms = std::exchange(terms_, 0);
  return {.terms = record.update_terms,
          .learning_rate = parts_.setup.rate.at(record.step),
          .accumulated = std::exchange(accumulated_, false),
          .nonfinite = &nonfinite,
          .clip_norm = parts_.setup.clip_norm,
          .squared_norm = &squared_norm};
}

tensor group_gradients::update(batch_record& record, applied_gradient applied, const tensor& dy, std::int64_t terms,
                               bool input_gradient) {
  auto& layers = *parts_.setup.layers;
  const auto version = layers.version() + 1;
  const bool sends = input_gradient && parts_.below.takes_gradients() && sends_gradient(record.batch);
  count_guard(record, dy, micro_batches_++ == 0);
  terms_ += terms;
  tensor below, nonfinite, squared_norm;
  if (micro_batches_ == can_.micro_batches) {
    const auto sum = measured(record, measure::guard, 1);
    auto request = update_of(record, nonfinite, squared_norm);
    request.guard = guard_ ? &guard_ : &sum;
    below = backward_and_update(record, applied, dy, sends, request);
  } else {
    below = backward(record, dy, {sends, true, std::exchange(accumulated_, true)});
  }
  parts_.account.applies(parts_.out.origin_of(record, version), record, applied, version);
  return below;
}

tensor group_gradients::begin_update(batch_record& record, const tensor& dy, bool input_gradient) {
  const bool sends = input_gradient && parts_.below.takes_gradients() && sends_gradient(record.batch);
  const bool is_first = begun_++ == 0;
  count_guard(record, dy, is_first);
  record.put_off = true;
  return backward(record, dy,
                  {.input_gradient = sends, .accumulate = !is_first || accumulated_, .deferred = &record.deferred});
}

void group_gradients::complete_update(batch_record& record, applied_gradient applied, std::int64_t terms) {
  auto& layers = *parts_.setup.layers;
  const auto version = layers.version() + 1;
  layers.backward_deferred(work(), record.deferred, std::exchange(accumulated_, true));
  record.put_off = false;
  terms_ += terms;
  if (++micro_batches_ == can_.micro_batches) {
    begun_ = 0;
    tensor nonfinite, squared_norm;
    auto request = update_of(record, nonfinite, squared_norm);
    const auto sum = measured(record, measure::guard, 1);
    request.guard = guard_ ? &guard_ : &sum;
    weights_.before_update(&record);
    layers.update(work(), request);
    weights_.after_update();
  }
  parts_.account.applies(parts_.out.origin_of(record, version), record, applied, version);
}

// In one, layer by layer, where the pass reads the weights that the step changes.
tensor group_gradients::backward_and_update(batch_record& record, applied_gradient applied, const tensor& dy,
                                            bool input_gradient, const update_request& request) {
  auto& layers = *parts_.setup.layers;
  const bool in_one = !can_.double_buffers && !weights_.are_stashed_for(record);
  tensor below;
  if (!in_one) below = backward(record, dy, {input_gradient, true, request.accumulated});
  const bool is_received = applied == applied_gradient::truth || applied == applied_gradient::bootstrapped;
  weights_.before_update(is_received ? &record : nullptr);
  if (can_.feeds_back_errors) feedback_.before_update(work(), layers);
  if (in_one) {
    need_cache(record);
    below = layers.backward_and_update(work(), dy, record.cache, input_gradient, request);
  } else {
    layers.update(work(), request);
  }
  if (can_.feeds_back_errors)
    feedback_.after_update(work(), layers, record.version, {request.guard, request.squared_norm});
  weights_.after_update();
  return below;
}

tensor group_gradients::backward(batch_record& record, const tensor& dy, backward_request wanted) {
  auto& layers = *parts_.setup.layers;
  if (record.chosen && !parts_.is_top()) {
    assert(!weights_.are_stashed_for(record) && "a stash of weights is for whole batches");
    if (!record.cache_of_chosen.is_there) {
      need_cache(record);
      layers.gather_cache(work(), record.chosen, record.cache, record.cache_of_chosen);
    }
    return layers.backward_of(work(), record.chosen, dy, record.cache_of_chosen, wanted);
  }
  need_cache(record);
  return weights_.are_stashed_for(record) ? layers.backward_with(work(), record.weights, dy, record.cache, wanted)
                                          : layers.backward(work(), dy, record.cache, wanted);
}

void group_gradients::accumulate(batch_record& record, tensor dy, float weight) {
  auto& layers = *parts_.setup.layers;
  // What is not finite must not spoil the update of the batch that it is added to.
  auto sum = measured(record, measure::guard + 1, 1);
  guard(record, dy, sum);
  work().ops().zero_unless_finite(work(), sum, dy);
  if (weight != 1) work().ops().scale(work(), dy, weight);
  backward(record, dy, {false, true, std::exchange(accumulated_, true), true});
  const auto version = layers.version() + 1;
  const auto applied = parts_.is_top() ? applied_gradient::truth : applied_gradient::residual;
  parts_.account.applies(parts_.out.origin_of(record, version), record, applied, version, weight);
}

void group_gradients::apply_accumulated(std::int64_t terms) {
  if (!std::exchange(accumulated_, false)) return;
  const bool waited = std::exchange(micro_batches_, 0) > 0;
  if (waited) terms = std::exchange(terms_, 0);
  weights_.before_update(nullptr);
  parts_.setup.layers->update(work(), {.terms = terms,
                                       .learning_rate = parts_.setup.rate.at(next_step_),
                                       .accumulated = true,
                                       .guard = waited ? &guard_ : nullptr,
                                       .clip_norm = parts_.setup.clip_norm});
  weights_.after_update();
}

tensor group_gradients::input_gradient(batch_record& record, const tensor& dy) {
  if (!parts_.below.takes_gradients()) return {};
  return backward(record, dy, {true, false, false});
}

tensor group_gradients::difference(const tensor& a, const tensor& b) {
  auto out = make_tensor(work(), a.extents());
  work().ops().subtract(work(), a, b, out);
  return out;
}

tensor group_gradients::mixture(const tensor& a, const tensor& b, float share) {
  auto out = difference(a, b);
  work().ops().scale(work(), out, share);
  work().ops().add(work(), b, 1, out);
  return out;
}

void group_gradients::choose_samples(batch_record& record, const tensor& loss_gradient, const sample_choice& how) {
  const auto all = record.samples;
  if (!how.takes_part_of(all)) return;
  record.chosen = {make_tensor(work(), {how.samples}, dtype::i32), make_tensor(work(), {how.samples}), all};
  work().ops().choose_samples(work(), {.gradient = how.by_loss ? &loss_gradient : nullptr,
                                       .by_length = how.by_length(),
                                       .start = sample_choice::start_of(record.batch, parts_.setup.seed),
                                       .of = all,
                                       .samples = record.chosen.numbers,
                                       .weights = record.chosen.weights});
}

tensor group_gradients::of_chosen(batch_record& record, const tensor& values) {
  return record.chosen ? gather_samples(work(), values, record.chosen) : values;
}

// An audited batch needs its own gradient.
bool group_gradients::sends_gradient(std::uint64_t batch) const {
  return policy().needs_gradient(batch) || parts_.setup.is_audited(batch) || parts_.below.wants_gradient_of(batch);
}

void group_gradients::send_down(batch_record& record, gradient_kind kind, tensor values) {
  parts_.below.gives_back(record);
  if (!parts_.below.takes_gradients()) return;
  if (!sends_gradient(record.batch)) {
    kind = gradient_kind::none;
    values = {};
  }
  chosen_samples chosen;
  if (values) {
    const auto written = work().record();
    values.ready_after(written);
    chosen = record.chosen;
    for (auto* each : {&chosen.numbers, &chosen.weights})
      if (*each) each->ready_after(written);
  }
  parts_.out.send_below(
    gradient{parts_.out.context_for(record.batch, parts_.version()), kind, std::move(values), std::move(chosen)});
}

void group_gradients::train_predictor(batch_record& record, gradient_kind kind, const tensor& received) {
  if (!parts_.predictor.exists()) return;
  if (received && record.prediction && parts_.above.measures_agreement(record.batch)) {
    auto numbers = measured(record, measure::agreement, 3);
    const auto prediction = of_chosen(record, record.prediction);
    work().ops().agreement(work(), prediction, received, numbers);
    record.agreement_measured = true;
    if (can_.judges_predictions) {
      measure_missed_sum(record, prediction, received, measure::missed_sum);
      record.rows_measured = received.rows();
      if (parts_.setup.deterministic) to_tell_.expect(record.batch, turn_);
    }
  }
  const auto context = parts_.out.context_for(record.batch, parts_.version());
  parts_.out.teach_predictor(target{context, kind, record.output, record.targets, received, record.chosen});
}

void group_gradients::passes_gate(batch_record& record, gate_state state) {
  record.gate = state;
  parts_.account.passes_gate(parts_.out.origin_of(record, parts_.setup.layers->version()), state);
}

void group_gradients::finish(batch_record& record) {
  record.finished = true;
  if (!record.in_turn) settle_if_done(record);
}

void group_gradients::settle_if_done(batch_record& record) {
  if (!record.finished || record.awaits_audit) return;
  parts_.window.release_tensors(record); // the measures are still to be read
  if (!record.told_in_turn) parts_.window.copy_measures(record);
  parts_.out.when_complete(work_done{parts_.out.context_for(record.batch), true});
}

} // namespace syngrad
