#include "actors/predictor_turn.hpp"

#include "models/state_archive.hpp"
#include "runtime/operators.hpp"

#include <fmt/core.h>
#include <new>
#include <utility>

namespace syngrad {

namespace {

// What a model learns from chosen samples, weighted, expects what it would learn from all of the batch, however they
// were chosen. 1 on average. Null where all are there.
tensor weights_of(stream& work, const chosen_samples& chosen) {
  if (!chosen) return {};
  auto out = make_tensor(work, {chosen.count()});
  work.ops().copy(work, chosen.weights.read_on(work), out);
  work.ops().scale(work, out, static_cast<float>(chosen.count()) / static_cast<float>(chosen.all));
  return out;
}

} // namespace

void predictor_turn::arrived(const predict& asked) {
  questions_.push_back(asked);
  advance();
}

void predictor_turn::arrived(const target& arrived) {
  targets_.push_back(arrived);
  if (!setup_.deterministic && targets_.size() > setup_.target_limit) {
    targets_.pop_front();
    ++dropped_;
    out_.tell_group(targets_dropped{out_.context_for(no_batch), dropped_});
  }
  advance();
}

void predictor_turn::arrived(const save_predictor& order) {
  to_save_ = order;
  targets_before_save_ = setup_.deterministic ? targets_.size() : 0;
  advance();
}

void predictor_turn::arrived(const next_target&) {
  next_scheduled_ = false;
  if (!targets_.empty() && questions_.empty() && !waits_for_solution()) train_on_oldest_target();
  advance();
}

void predictor_turn::arrived(const solved& finished) {
  setup_.work->raise_failure();
  solution_ = finished;
  if (!setup_.deterministic) swap_in();
  advance();
}

// Deterministic: everything in the order of arrival, up to a solution that is not there yet. Free-running: answers at
// once; a target at a time, so that a question never waits for more than one.
void predictor_turn::advance() {
  if (setup_.deterministic) {
    for (;;) {
      if (waits_for_solution()) {
        if (!solution_) return;
        swap_in();
      }
      save_if_due();
      if (targets_.empty()) break;
      train_on_oldest_target();
    }
  }
  save_if_due();
  while (!questions_.empty()) {
    answer(questions_.front());
    questions_.pop_front();
  }
  if (!targets_.empty() && !next_scheduled_) {
    next_scheduled_ = true;
    out_.train_later(next_target{out_.context_for(targets_.front().context.batch)});
  }
}

void predictor_turn::answer(const predict& asked) {
  auto& work = *setup_.work;
  auto values = setup_.model->predict(work, asked.values.read_on(work), asked.targets.read_on(work));
  values.ready_after(work.record());
  out_.answer_group(
    synthetic_gradient{out_.context_for(asked.context.batch, static_cast<std::uint32_t>(trained_)), std::move(values)});
}

void predictor_turn::train_on_oldest_target() {
  auto& work = *setup_.work;
  const auto next = std::move(targets_.front());
  targets_.pop_front();
  if (targets_before_save_ > 0) --targets_before_save_;
  const auto weights = weights_of(work, next.chosen);
  const training_samples only{next.chosen.numbers.read_on(work), &weights};
  setup_.model->train(work, next.values.read_on(work), next.targets.read_on(work), next.gradient.read_on(work),
                      setup_.rate.at(trained_), next.chosen ? &only : nullptr);
  ++trained_;
  if (solving_) ++since_solve_;
  if (auto task = setup_.model->begin_solve(work)) {
    solving_ = true;
    since_solve_ = 0;
    out_.ask_solver(solve{out_.context_for(next.context.batch, static_cast<std::uint32_t>(trained_)), std::move(task)});
  }
}

void predictor_turn::swap_in() {
  setup_.work->wait(solution_->done);
  setup_.model->finish_solve(*setup_.work, *solution_->work);
  solution_.reset();
  solving_ = false;
}

void predictor_turn::save_if_due() {
  if (!to_save_ || targets_before_save_ > 0) return;
  const auto step = std::exchange(to_save_, std::nullopt)->step;
  auto part = std::make_shared<saved_part>();
  part->name = "group" + std::to_string(group());
  try {
    auto archive = state_archive::saving(*setup_.work, *part);
    keep(archive);
  } catch (const std::bad_alloc& reason) {
    out_.not_saved(
      part_not_saved{out_.context_for(no_batch), step, fmt::format("predictor {}: {}", group(), reason.what())});
    return;
  }
  out_.when_saved(part_saved{out_.context_for(no_batch), step, std::move(part)});
}

void predictor_turn::keep(state_archive& of) {
  of.within("predictor.", [&] {
    of.same("kind", setup_.kind);
    setup_.model->keep(of);
    of.word("trained", trained_);
    of.word("dropped", dropped_);
    of.word("solving", solving_);
    auto count = setup_.deterministic ? std::size_t{0} : targets_.size();
    of.word("targets", count);
    if (of.loads() && count > setup_.target_limit) return of.fail("too many targets wait for a predictor");
    for (std::size_t i = 0; i < count && of.outcome(); ++i) {
      if (of.loads()) targets_.emplace_back();
      auto& each = targets_[i];
      of.within("target." + std::to_string(i) + ".", [&] {
        of.word("batch", each.context.batch);
        of.word("kind", each.kind);
        of.anew("values", each.values);
        of.anew("targets", each.targets);
        of.anew("gradient", each.gradient);
        of.anew("chosen.numbers", each.chosen.numbers);
        of.anew("chosen.weights", each.chosen.weights);
        of.word("chosen.all", each.chosen.all);
      });
    }
  });
}

status predictor_turn::go_on_from_saved() {
  const auto saved = std::exchange(setup_.saved, nullptr);
  if (!saved) return ok();
  auto archive = state_archive::loading(*setup_.work, *saved);
  keep(archive);
  if (!archive.outcome()) return archive.outcome();
  if (!std::exchange(solving_, false)) return ok();
  auto task = setup_.model->begin_solve_again(*setup_.work);
  if (!task) return error::data("the saved state of " + saved->name + ": its predictor has no solves");
  solving_ = true;
  out_.ask_solver(solve{out_.context_for(no_batch, static_cast<std::uint32_t>(trained_)), std::move(task)});
  return ok();
}

std::string predictor_turn::describe_contents() const {
  return fmt::format("{} questions, {} targets", questions_.size(), targets_.size());
}

} // namespace syngrad
