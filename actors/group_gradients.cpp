#include "actors/group_gradients.hpp"

#include "models/state_archive.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

group_gradients::group_gradients(group_parts& parts)
  : parts_(parts), can_(policy().capabilities()), updates_(parts, can_), measures_(parts, can_),
    most_in_flight_(policy().most_in_flight(parts.setup.index, parts.setup.count)) {}

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
    measures_.are_there(record);
  }
  if (const auto fault = parts_.account.fault_of(record); !fault.empty()) parts_.tell_failure(record, fault);
  parts_.window.recycle(record);
}

// ---- the turn

void group_gradients::begin(batch_record& record) {
  updates_.begin(record);
  measures_.begin(record);
  record.awaits_audit = !parts_.is_top() && parts_.setup.is_audited(record.batch) && policy().bootstraps(record.batch);
}

void group_gradients::forward(batch_record& record, const tensor& x) {
  auto& layers = *parts_.setup.layers;
  record.from_below = x.memory().get();
  const bool waits = !parts_.is_top() || can_.holds_gradients;
  if (parts_.setup.recompute && waits) layers.keep_beginning(work(), x, record.cache);
  record.output = layers.forward(work(), x, phase::train, &record.cache);
  record.output.ready_after(work().record());
  if (!predicts(record.batch)) updates_.let_cache_go(record);
  ++passes_;
  parts_.kept.look_at(parts_.window, updates_.kept_bytes());
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
  if (!measures_.told_before(record)) return false;
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
  updates_.let_cache_go(record);
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
  updates_.end();
}

void group_gradients::keep(state_archive& of) {
  of.within("updates.", [&] { updates_.keep(of); });
  of.within("measures.", [&] { measures_.keep(of); });
  of.within("policy.", [&] { policy().keep(of); });
}

void group_gradients::deliver_loaded() {
  const auto& all = parts_.window.in_flight();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& record = *all[i];
    if (record.early_audit) deliver_audit(record, *std::exchange(record.early_audit, std::nullopt));
    if (record.early && handles_early()) deliver_early(record);
  }
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
  updates_.let_cache_go(record);
  ++passes_;
  if (!updates_.all_are_begun()) return;
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
  updates_.let_cache_go(record);
  settle_if_done(record);
}

void group_gradients::audit(batch_record& record, const tensor& truth) {
  measures_.against_truth(record, truth);
  if (sends_audit_down(record)) send_audit_down(record, input_gradient(record, truth));
}

bool group_gradients::sends_audit_down(const batch_record& record) const {
  return !record.audit_sent_down && !parts_.is_top() && parts_.below.takes_gradients() &&
         policy().bootstraps(record.batch);
}

void group_gradients::send_audit_down(batch_record& record, tensor values) {
  if (!sends_audit_down(record)) return;
  record.audit_sent_down = true;
  if (values) values.ready_after(work().record());
  parts_.out.send_below(audit_gradient{parts_.out.context_for(record.batch), std::move(values)});
}

// ---- what policies ask for

tensor group_gradients::update(batch_record& record, applied_gradient applied, const tensor& dy, std::int64_t terms,
                               bool input_gradient) {
  return updates_.update(record, applied, dy, terms, input_gradient && sends_gradient(record.batch));
}

tensor group_gradients::begin_update(batch_record& record, const tensor& dy, bool input_gradient) {
  return updates_.begin_update(record, dy, input_gradient && sends_gradient(record.batch));
}

void group_gradients::complete_update(batch_record& record, applied_gradient applied, std::int64_t terms) {
  updates_.complete_update(record, applied, terms);
}

void group_gradients::accumulate(batch_record& record, tensor dy, float weight) {
  updates_.accumulate(record, std::move(dy), weight);
}

void group_gradients::apply_accumulated(std::int64_t terms) {
  updates_.apply_accumulated(terms);
}

tensor group_gradients::input_gradient(batch_record& record, const tensor& dy) {
  if (!parts_.below.takes_gradients()) return {};
  return updates_.input_gradient(record, dy);
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
  return parts_.below.takes_gradients() &&
         (policy().needs_gradient(batch) || parts_.setup.is_audited(batch) || parts_.below.wants_gradient_of(batch));
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
  if (received && record.prediction && parts_.above.measures_agreement(record.batch))
    measures_.against_received(record, of_chosen(record, record.prediction), received);
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
