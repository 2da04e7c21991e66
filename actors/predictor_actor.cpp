#include "actors/predictor_actor.hpp"

#include "runtime/operators.hpp"

#include <fmt/core.h>

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

predictor_actor::predictor_actor(caf::actor_config& config, actor_context context, predictor_setup setup)
  : observed_actor(config, context, "predictor " + std::to_string(setup.edge.below), actor_role::predictor,
                   setup.edge.below),
    setup_(std::move(setup)) {}

caf::behavior predictor_actor::make_behavior() {
  return with_describe({
    on(&predictor_actor::handle_connect),
    on(&predictor_actor::handle_predict),
    on(&predictor_actor::handle_target),
    on(&predictor_actor::handle_next_target),
    on(&predictor_actor::handle_solved),
  });
}

void predictor_actor::on_exit() {
  group_ = nullptr;
  setup_.solver = nullptr;
  observed_actor::on_exit();
}

void predictor_actor::handle_connect(connect& neighbours) {
  group_ = neighbours.below;
  report_failures_to(neighbours.coordinator);
}

void predictor_actor::handle_predict(predict& asked) {
  questions_.push_back(asked);
  advance();
}

void predictor_actor::handle_target(target& arrived) {
  targets_.push_back(arrived);
  if (!setup_.deterministic && targets_.size() > setup_.target_limit) {
    targets_.pop_front();
    ++dropped_;
    send(group_, targets_dropped{context_for(no_batch), dropped_});
  }
  advance();
}

void predictor_actor::handle_next_target(next_target&) {
  next_scheduled_ = false;
  if (!targets_.empty() && questions_.empty() && !waits_for_solution()) train_on_oldest_target();
  advance();
}

void predictor_actor::handle_solved(solved& finished) {
  setup_.work->raise_failure();
  solution_ = finished;
  if (!setup_.deterministic) swap_in();
  advance();
}

// Deterministic: everything in the order of arrival, up to a solution that is not there yet. Free-running: answers at
// once; a target at a time, so that a question never waits for more than one.
void predictor_actor::advance() {
  if (setup_.deterministic) {
    for (;;) {
      if (waits_for_solution()) {
        if (!solution_) return;
        swap_in();
      }
      if (targets_.empty()) break;
      train_on_oldest_target();
    }
  }
  while (!questions_.empty()) {
    answer(questions_.front());
    questions_.pop_front();
  }
  if (!targets_.empty() && !next_scheduled_) {
    next_scheduled_ = true;
    send(this, next_target{context_for(targets_.front().context.batch)});
  }
}

void predictor_actor::answer(const predict& asked) {
  auto& work = *setup_.work;
  auto values = setup_.model->predict(work, asked.values.read_on(work), asked.targets.read_on(work));
  values.ready_after(work.record());
  send(group_,
       synthetic_gradient{context_for(asked.context.batch, static_cast<std::uint32_t>(trained_)), std::move(values)});
}

void predictor_actor::train_on_oldest_target() {
  auto& work = *setup_.work;
  const auto next = std::move(targets_.front());
  targets_.pop_front();
  const auto weights = weights_of(work, next.chosen);
  const training_samples only{next.chosen.numbers.read_on(work), &weights};
  setup_.model->train(work, next.values.read_on(work), next.targets.read_on(work), next.gradient.read_on(work),
                      setup_.rate.at(trained_), next.chosen ? &only : nullptr);
  ++trained_;
  if (solving_) ++since_solve_;
  if (auto task = setup_.model->begin_solve(work)) {
    solving_ = true;
    since_solve_ = 0;
    send(setup_.solver, solve{context_for(next.context.batch, static_cast<std::uint32_t>(trained_)), std::move(task)});
  }
}

void predictor_actor::swap_in() {
  setup_.work->wait(solution_->done);
  setup_.model->finish_solve(*setup_.work, *solution_->work);
  solution_.reset();
  solving_ = false;
}

std::string predictor_actor::describe() {
  const auto counts =
    fmt::format("; {} questions, {} targets, mailbox {}", questions_.size(), targets_.size(), mailbox().size());
  if (waits_for_solution() && !solution_) return fmt::format("waits for solver {}{}", setup_.edge.below, counts);
  return fmt::format("waits for group {}{}", setup_.edge.below, counts);
}

// ---- the solver

solver_actor::solver_actor(caf::actor_config& config, actor_context context, run_edge edge, stream& work)
  : observed_actor(config, context, "solver " + std::to_string(edge.below), actor_role::solver, edge.below),
    edge_(edge), work_(work) {}

caf::behavior solver_actor::make_behavior() {
  return with_describe({on(&solver_actor::handle_connect), on(&solver_actor::handle_solve)});
}

void solver_actor::handle_connect(connect& neighbours) {
  report_failures_to(neighbours.coordinator);
}

void solver_actor::handle_solve(solve& task) {
  task.work->run(work_);
  const auto predictor = caf::actor_cast<caf::actor>(current_sender());
  send(predictor, solved{context_for(task.context.batch), task.work, work_.record()});
}

std::string solver_actor::describe() {
  return fmt::format("waits for predictor {} to send a solve", edge_.below);
}

} // namespace syngrad
