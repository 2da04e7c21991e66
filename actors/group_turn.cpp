#include "actors/group_turn.hpp"

#include "actors/time_account.hpp"
#include "models/state_archive.hpp"
#include "runtime/device.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

void group_turn::begin() {
  const auto& setup = parts_.setup;
  parts_.window.prepare(setup.cache_limit + (setup.max_alone > 0 ? records_alone : 0), setup.layers->layer_count());
  parts_.out.send_below(credit{parts_.out.context_for(no_batch), setup.credits});
}

// ---- what comes

void group_turn::arrived(activation batch) {
  comes_up({std::move(batch), input_kind::batch});
}

void group_turn::arrived(const flush_mark& mark) {
  activation mark_only;
  mark_only.context = mark.context;
  comes_up({mark_only, input_kind::flush_mark});
}

void group_turn::arrived(const checkpoint_mark& mark) {
  activation mark_only;
  mark_only.context = mark.context;
  mark_only.step = mark.step;
  comes_up({mark_only, input_kind::checkpoint_mark});
}

// What was loaded is handed on when all of the run's actors are there.
void group_turn::comes_up(input next) {
  if (std::exchange(has_loaded_, false)) gradients_.deliver_loaded();
  inbox_.push_back(std::move(next));
  advance();
}

void group_turn::arrived(const synthetic_gradient& answer) {
  if (!parts_.predictor.is_answered(answer.context.batch)) return;
  turn_->prediction = answer.values.read_on(parts_.work());
  turn_->predictor_version = answer.context.version;
  finish();
  advance();
}

void group_turn::passed(const work_done& work) {
  if (work.leisure) {
    if (std::exchange(rested_at_, std::nullopt) == gradients_.passes()) gradients_.complete_oldest();
    advance();
    return;
  }
  if (work.checkpoint != work_done::checkpoint_stage::none) {
    checkpoint_.passed(work);
    advance();
    return;
  }
  auto* record = parts_.window.find(work.context.batch);
  if (!record) return;
  if (!work.settled) {
    tell_end_of_turn(*record);
    return;
  }
  if (parts_.is_top() && !record->told_in_turn) tell_loss(*record);
  gradients_.settled(*record);
  advance();
}

void group_turn::tell_end_of_turn(const batch_record& record) {
  auto& out = parts_.out;
  out.send_below(credit{out.context_for(record.batch), 1});
  if (record.ends_at_gap) out.tell_coordinator(batch_alone{out.context_for(record.batch)});
  if (parts_.is_top() && record.told_in_turn) tell_loss(record);
}

// Of a batch that is cut into micro-batches once, when the last of them is here: a mean over all terms.
void group_turn::tell_loss(const batch_record& record) {
  auto& out = parts_.out;
  double loss = not_measured;
  if (record.has_loss) {
    loss = record.numbers.f32()[measure::loss];
    parts_.account.loss_known(out.origin_of(record, parts_.setup.layers->version()), loss);
    if (!std::isfinite(loss)) parts_.tell_failure(record, parts_.account.fault_of_loss());
  }
  if (parts_.setup.micro_batches > 1) {
    if (record.has_loss) {
      loss_.sum += loss * static_cast<double>(record.terms);
      loss_.terms += record.terms;
    }
    if (++loss_.micro_batches < parts_.setup.micro_batches) return;
    const auto all = std::exchange(loss_, {});
    loss = all.terms > 0 ? all.sum / static_cast<double>(all.terms) : not_measured;
  }
  out.tell_coordinator(batch_done{out.context_for(record.batch), loss});
}

void group_turn::passed(const evaluation_done& passed) {
  auto& out = parts_.out;
  out.send_below(credit{out.context_for(no_batch), 1});
  if (!passed.result) return;
  const std::span numbers(passed.result.f32(), objective::numbers);
  out.tell_coordinator(
    evaluated{out.context_for(no_batch), passed.evaluation, passed.samples, totals_of(numbers, passed.terms)});
}

// ---- the turn, in its order

void group_turn::advance() {
  go_on();
  rest();
}

void group_turn::rest() {
  if (rested_at_ || !gradients_.has_put_off()) return;
  rested_at_ = gradients_.passes();
  parts_.out.when_complete(work_done{.context = parts_.out.context_for(no_batch), .leisure = true});
}

void group_turn::go_on() {
  for (;;) {
    switch (state_) {
    case state::idle:
      if (!start_next()) return;
      break;
    case state::sending:
      if (!send_up()) return;
      break;
    case state::gated:
      if (!gradients_.handled_before(*turn_)) return;
      if (gradients_.predicts(turn_->batch)) {
        ask_predictor();
        return;
      }
      finish();
      break;
    case state::asking:
      return;
    }
  }
}

bool group_turn::start_next() {
  if (inbox_.empty()) return false;
  if (inbox_.front().kind == input_kind::flush_mark) return try_flush();
  if (inbox_.front().kind == input_kind::checkpoint_mark) return try_save();
  const bool trains = inbox_.front().batch.mode == phase::train;
  const auto number = inbox_.front().batch.context.batch;
  if (trains) gradients_.make_room();
  if (trains && (!has_room_for(number) || !gradients_.may_begin(number))) return false;
  auto next = std::move(inbox_.front().batch);
  inbox_.pop_front();
  if (trains)
    start_training_batch(std::move(next));
  else
    start_evaluation_batch(std::move(next));
  return true;
}

// What waits for gradients across the gap must not keep batches from ending at it: for those there is room apart.
bool group_turn::has_room_for(std::uint64_t batch) const {
  return parts_.window.size() < parts_.setup.cache_limit + (may_train_alone(batch) ? records_alone : 0);
}

void group_turn::start_training_batch(activation batch) {
  auto& work = parts_.work();
  auto& record = parts_.window.begin(batch.context.batch);
  turn_ = &record; // from here on a failure is about this batch
  record.in_turn = true;
  record.cause = batch.context.id;
  record.step = batch.step;
  record.terms = std::max<std::int64_t>(batch.terms, 1);
  record.has_loss = batch.terms > 0;
  record.targets = batch.targets.read_on(work);
  if (record.batch != next_batch_) followed_by_ = {}; // batches that ended at a gap below never came
  record.cache.following = {std::exchange(followed_by_, batch.following), batch.following.read_on(work)};
  next_batch_ = record.batch + 1;
  const auto micro_batch = record.batch % static_cast<std::uint64_t>(parts_.setup.micro_batches);
  parts_.account.begins(batch.samples, micro_batch == 0);
  gradients_.begin(record);
  gradients_.forward(record, batch.values.read_on(work));
  record.samples = batch.samples;
  record.rows = record.output.rows();
  if (parts_.above.measures_activation(record.batch)) {
    auto squared = record.measures.view(measure::activation, {1});
    work.ops().sum_squares(work, record.output, squared);
    record.activations_measured = record.output.elements();
  }
  if (parts_.is_top()) {
    auto result = record.measures.view(measure::loss, {objective::numbers});
    gradients_.loss(record, parts_.setup.trained_for->evaluate(work, record.output, record.targets, true, result));
    state_ = state::gated;
    return;
  }
  output_ = {parts_.out.caused_by(record.cause, record.batch, static_cast<std::uint32_t>(record.version)),
             phase::train,
             0,
             record.output,
             record.targets,
             batch.samples,
             batch.terms,
             record.step,
             batch.following};
  state_ = state::sending;
}

void group_turn::start_evaluation_batch(activation batch) {
  auto& work = parts_.work();
  if (std::exchange(evaluation_, batch.evaluation) != batch.evaluation) parts_.setup.layers->begin_evaluation(work);
  auto output = parts_.setup.layers->forward(work, batch.values.read_on(work), phase::evaluate, nullptr);
  evaluation_done passed{
    parts_.out.caused_by(batch.context.id, no_batch, 0), batch.evaluation, batch.samples, batch.terms, {}};
  turn_ = nullptr;
  if (parts_.is_top()) {
    auto result = make_tensor(work, {objective::numbers});
    work.ops().fill(work, result, 0);
    parts_.setup.trained_for->evaluate(work, output, batch.targets.read_on(work), false, result);
    passed.result = brought_to_host(work, result);
  } else {
    output.ready_after(work.record());
    output_ = {parts_.out.caused_by(batch.context.id, no_batch, 0),
               phase::evaluate,
               batch.evaluation,
               std::move(output),
               batch.targets,
               batch.samples,
               batch.terms};
    state_ = state::sending;
  }
  parts_.out.when_complete(std::move(passed));
}

bool group_turn::send_up() {
  if (turn_ && may_train_alone(turn_->batch)) {
    output_ = {};
    parts_.above.ends_at_gap(*turn_);
    state_ = state::gated;
    return true;
  }
  // An evaluation's batch that waits here would hold back those behind it, which could be trained alone.
  if (!turn_ && leaves_evaluations_out()) {
    parts_.out.tell_coordinator(
      evaluation_missed{parts_.out.context_for(no_batch), std::exchange(output_, {}).evaluation});
    state_ = state::idle;
    return true;
  }
  if (!parts_.above.take_credit()) return false;
  parts_.out.send_above(std::exchange(output_, {}));
  state_ = turn_ ? state::gated : state::idle;
  return true;
}

void group_turn::ask_predictor() {
  const auto context = parts_.out.caused_by(turn_->cause, turn_->batch, static_cast<std::uint32_t>(turn_->version));
  parts_.predictor.asks(*turn_);
  parts_.out.ask_predictor(predict{context, turn_->output, turn_->targets});
  state_ = state::asking;
}

void group_turn::finish() {
  state_ = state::idle;
  gradients_.end_turn(*std::exchange(turn_, nullptr));
}

bool group_turn::try_flush() {
  if (!std::exchange(flushing_, true)) {
    if (!parts_.is_top()) parts_.out.send_above(flush_mark{parts_.out.context_for(no_batch)});
    if (!parts_.window.is_empty()) gradients_.deliver_through(parts_.window.last()); // deterministic: held back so far
  }
  if (!parts_.window.is_empty()) return false;
  gradients_.end();
  flushing_ = false;
  flushed_ = true;
  inbox_.pop_front();
  parts_.out.tell_coordinator(flushed{parts_.out.context_for(no_batch), parts_.setup.index});
  return true;
}

// Between two batches, when what the stream was given before has been told of. Where micro-batches make a batch, no
// gradient of it is outstanding then: the next one would wait for all of them, too.
bool group_turn::try_save() {
  if (parts_.setup.micro_batches > 1) {
    empties_for_mark_ = true;
    if (!parts_.window.is_empty()) gradients_.deliver_through(parts_.window.last());
    if (!parts_.window.is_empty()) return false;
  }
  if (!checkpoint_.is_settled()) return false;
  empties_for_mark_ = false;
  const checkpoint_mark mark{inbox_.front().batch.context, inbox_.front().batch.step};
  inbox_.pop_front();
  checkpoint_.save(mark, [this](state_archive& of) { keep(of); });
  return true;
}

void group_turn::keep(state_archive& of) {
  of.within("turn.", [&] {
    of.word("next_batch", next_batch_);
    of.anew("followed_by", followed_by_);
  });
  gradients_.keep(of);
}

status group_turn::go_on_from_saved() {
  const auto saved = std::exchange(parts_.setup.saved, nullptr);
  if (!saved) return ok();
  auto archive = state_archive::loading(parts_.work(), *saved);
  parts_.keep(archive);
  keep(archive);
  has_loaded_ = true;
  return archive.outcome();
}

// ---- for people

std::string group_turn::describe() const {
  const auto above = fmt::format("group {}", parts_.above.neighbour());
  switch (state_) {
  case state::sending:
    return "waits for a credit from " + above;
  case state::gated:
    return fmt::format("waits, in the turn of batch {}, for a gradient from {}", turn_->batch, above);
  case state::asking:
    return fmt::format("waits for predictor {} to answer for batch {}", parts_.setup.index, turn_->batch);
  case state::idle:
    break;
  }
  if (flushing_) return "waits for " + above + " to return the gradients of the last batches";
  if (empties_for_mark_) return "waits for " + above + " to return the gradients of the batches before a checkpoint";
  if (!inbox_.empty() && inbox_.front().kind == input_kind::batch && has_room_for(inbox_.front().batch.context.batch))
    return fmt::format("waits for {} to return the gradients of the update that batch {} reads", above,
                       inbox_.front().batch.context.batch);
  if (!inbox_.empty() && inbox_.front().kind == input_kind::batch)
    return "at its limit of caches: waits for " + above + " to return a gradient";
  const auto below = parts_.below.neighbour();
  return "waits for an activation from " +
         (below == run_edge::source ? std::string("the source") : "group " + std::to_string(below));
}

std::string group_turn::describe_contents() const {
  std::string text = fmt::format("credits {}, in flight", parts_.above.credits());
  for (const auto& record : parts_.window.in_flight()) {
    text += fmt::format(" {}", record->batch);
    if (record->early) text += "(gradient here)";
    if (record->finished) text += "(done)";
  }
  return text + (parts_.window.is_empty() ? " nothing" : "");
}

} // namespace syngrad
