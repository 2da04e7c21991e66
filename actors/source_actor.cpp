#include "actors/source_actor.hpp"

#include "actors/source_position.hpp"
#include "models/state_archive.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

source_actor::source_actor(caf::actor_config& config, actor_context context, source_setup setup)
  : crossing_actor(config, context, "source", actor_role::source, 0, *setup.work), setup_(std::move(setup)),
    parts_(setup_.order.train.parts()), batch_size_(setup_.order.train.batch_size()),
    largest_part_(setup_.order.train.largest_part()), next_evaluation_(setup_.evaluate_every),
    next_checkpoint_(setup_.checkpoint_every) {
  if (setup_.saved) go_on_from_saved();
}

// Data position, steps: checked when the run was prepared.
void source_actor::go_on_from_saved() {
  auto archive = state_archive::loading(*setup_.saved);
  const auto at = source_position::kept_in(archive);
  setup_.saved = nullptr;
  step_ = last_checkpoint_ = at.step;
  next_checkpoint_ = next_after(step_, setup_.checkpoint_every);
  next_evaluation_ = at.evaluation_is_due ? step_ : next_after(step_, setup_.evaluate_every);
}

caf::behavior source_actor::make_behavior() {
  return with_describe({
    on(&source_actor::handle_connect),
    on(&source_actor::handle_credit),
    on(&source_actor::handle_train),
    on(&source_actor::handle_resume),
    on(&source_actor::handle_stop),
    on(&source_actor::handle_evaluate),
    on(&source_actor::handle_batch_alone),
    on(&source_actor::handle_evaluation_missed),
    on(&source_actor::handle_data_ready),
    on(&source_actor::handle_take_checkpoint),
    on(&source_actor::handle_checkpoint_over),
    on(&source_actor::handle_departure),
  });
}

void source_actor::on_exit() {
  above_.who = nullptr;
  ahead_.reset();
  crossing_actor::on_exit();
}

void source_actor::handle_connect(connect& neighbours) {
  above_ = {neighbours.above, setup_.host_above};
  report_failures_to(neighbours.coordinator);
  training_samples_.emplace(*setup_.work, setup_.data->train, *setup_.data, setup_.augment, setup_.seed);
  training_samples_->maker().add_following(setup_.following);
  test_samples_.emplace(*setup_.work, setup_.data->test, *setup_.data);
  if (setup_.augment || !setup_.data->train.lies_in_memory()) read_data_ahead();
}

void source_actor::read_data_ahead() {
  const auto here = caf::actor_cast<caf::actor_addr>(this); // keeps nobody alive
  ahead_.emplace(
    std::move(setup_.order.train), training_samples_->maker(),
    [here] {
      if (const auto self = caf::actor_cast<caf::actor>(here)) caf::anon_send(self, data_ready{});
    },
    static_cast<std::uint64_t>(step_ * parts_));
}

void source_actor::handle_credit(credit& granted) {
  credits_ += granted.batches;
  if (!std::exchange(has_been_granted_, true) && setup_.most_waiting > 0)
    held_back_ = std::max<std::int64_t>(0, credits_ - setup_.most_waiting);
  wait_.credits(usable_credits());
  advance();
}

void source_actor::handle_train(train& order) {
  steps_ = order.steps;
  training_ = true;
  asked_ = false;
  if (!std::exchange(has_begun_, true)) {
    set_evaluation_time();
    checkpoint_due_ns_ = steady_now_ns() + static_cast<std::int64_t>(setup_.checkpoint_every_s * 1e9);
    if (step_ > 0) evaluate_if_due();
  }
  advance();
}

void source_actor::handle_resume(resume_training&) {
  paused_ = false;
  set_evaluation_time();
  advance();
}

void source_actor::handle_evaluation_missed(evaluation_missed& missed) {
  if (pass_ && pass_->number == missed.evaluation) pass_.reset();
  paused_ = false;
  set_evaluation_time();
  advance();
}

void source_actor::handle_stop(stop_training&) {
  steps_ = std::min(steps_, step_ + (part_ > 0 ? 1 : 0)); // a batch that has begun is sent whole
  paused_ = false;
  stopped_ = true;
  training_ = training_ || std::exchange(asked_, false);
  advance();
}

void source_actor::handle_take_checkpoint(take_checkpoint&) {
  if (has_begun_ && !training_ && !asked_) {
    send(coordinator(), part_not_saved{context_for(no_batch), -1, "no checkpoint is taken after the last batch"});
    return;
  }
  wants_checkpoint_ = true;
  advance();
}

void source_actor::handle_checkpoint_over(checkpoint_over&) {
  saves_ = false;
  advance();
}

void source_actor::handle_evaluate(evaluate& request) {
  begin_pass(request.evaluation, request.on_test_set);
  advance();
}

void source_actor::advance() {
  waits_for_data_ = false;
  if (wait_.is_waiting()) wait_.end(steady_now_ns());
  while (pass_ || (training_ && !paused_)) {
    if (!pass_ && part_ == 0) take_checkpoint_if_due();
    if (!pass_ && step_ == steps_ && saves_) return; // the run does not end meanwhile
    if (!pass_ && step_ == steps_) {
      training_ = false;
      if (setup_.asks_for_the_end && !stopped_) {
        asked_ = true;
        send(coordinator(), all_sent{context_for(no_batch), step_});
        return;
      }
      send_across(above_, flush_mark{context_for(no_batch)});
      send(coordinator(), training_ended{context_for(no_batch), step_, wait_.total_ns()});
      return;
    }
    if (usable_credits() == 0) return;
    if (pass_) {
      --credits_;
      send_evaluation_batch();
      continue;
    }
    auto made = make_training_batch();
    if (!made) {
      waits_for_data_ = true;
      wait_.begin(usable_credits(), steady_now_ns());
      return;
    }
    --credits_;
    send_training_batch(std::move(*made));
  }
}

std::optional<batch> source_actor::make_training_batch() {
  if (!ahead_) return training_samples_->gather(setup_.order.train.next());
  const auto* read = ahead_->next();
  if (!read) return std::nullopt;
  return training_samples_->bring_up(*read);
}

void source_actor::send_training_batch(batch made) {
  send_across(above_,
              activation{context_for(current_batch()), phase::train, 0, std::move(made.values), std::move(made.targets),
                         made.samples, made.terms, scheduled(), std::move(made.following)});
  if (++part_ < parts_) return;
  part_ = 0;
  ++step_;
  take_checkpoint_if_due();
  evaluate_if_due();
}

void source_actor::evaluate_if_due() {
  if (step_ >= steps_ || !evaluation_is_due()) return;
  paused_ = true;
  begin_pass(static_cast<std::uint64_t>(step_), setup_.order.validation.empty());
}

bool source_actor::checkpoint_is_due() {
  return wants_checkpoint_ || (setup_.checkpoint_every > 0 && step_ >= next_checkpoint_) ||
         (setup_.checkpoint_every_s > 0 && step_ > last_checkpoint_ && steady_now_ns() >= checkpoint_due_ns_);
}

void source_actor::take_checkpoint_if_due() {
  if (saves_ || !checkpoint_is_due()) return;
  saves_ = true;
  wants_checkpoint_ = false;
  last_checkpoint_ = step_;
  next_checkpoint_ = next_after(step_, setup_.checkpoint_every);
  checkpoint_due_ns_ = steady_now_ns() + static_cast<std::int64_t>(setup_.checkpoint_every_s * 1e9);
  auto part = std::make_shared<saved_part>();
  part->name = "source";
  auto archive = state_archive::saving(*part);
  source_position at{step_, setup_.evaluate_every > 0 && scheduled() >= next_evaluation_, batch_size_,
                     setup_.data->train.count};
  at.keep(archive);
  send(coordinator(), checkpoint_begun{context_for(no_batch), step_});
  send(coordinator(), part_saved{context_for(no_batch), step_, std::move(part)});
  send_across(above_, checkpoint_mark{context_for(no_batch), step_});
}

bool source_actor::evaluation_is_due() {
  const bool by_steps = setup_.evaluate_every > 0 && scheduled() >= next_evaluation_;
  if (by_steps) next_evaluation_ += setup_.evaluate_every;
  return by_steps || (setup_.evaluate_every_s > 0 && steady_now_ns() >= evaluation_due_ns_);
}

// From now on, when training begins or goes on.
void source_actor::set_evaluation_time() {
  evaluation_due_ns_ = steady_now_ns() + static_cast<std::int64_t>(setup_.evaluate_every_s * 1e9);
}

void source_actor::begin_pass(std::uint64_t number, bool on_test_set) {
  pass_ = pass{number, on_test_set, 0};
  send(coordinator(), evaluation_begun{context_for(no_batch), number, scheduled(),
                                       static_cast<std::int64_t>(pass_samples(on_test_set).size()), on_test_set});
}

std::span<const std::int64_t> source_actor::pass_samples(bool on_test_set) const {
  return on_test_set ? setup_.order.test : setup_.order.validation;
}

void source_actor::send_evaluation_batch() {
  const auto samples = pass_samples(pass_->on_test_set);
  const auto total = static_cast<std::int64_t>(samples.size());
  const auto count = std::min(largest_part_, total - pass_->next);
  auto made = (pass_->on_test_set ? test_samples_ : training_samples_)
                ->gather(samples.subspan(static_cast<std::size_t>(pass_->next), static_cast<std::size_t>(count)));
  send_across(above_, activation{context_for(no_batch), phase::evaluate, pass_->number, std::move(made.values),
                                 std::move(made.targets), made.samples, made.terms});
  pass_->next += count;
  if (pass_->next == total) pass_.reset();
}

std::string source_actor::describe() {
  const auto where = fmt::format(" (sent {} of {} batches)", step_, steps_);
  if (waits_for_data_) return "waits for the next batch to be read" + where;
  if (pass_ || (training_ && !paused_)) return "waits for a credit from group 0" + where;
  if (paused_) return "waits for the coordinator to have an evaluation's result" + where;
  if (saves_ && training_ && step_ == steps_) return "waits for a checkpoint to be complete" + where;
  if (asked_) return "waits for every batch to reach the loss or to end at a gap in the network" + where;
  return "has nothing to send" + where;
}

} // namespace syngrad
