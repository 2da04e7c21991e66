#include "actors/predictor_actor.hpp"

#include <fmt/core.h>
#include <stdexcept>
#include <utility>

namespace syngrad {

predictor_actor::predictor_actor(caf::actor_config& config, actor_context context, predictor_setup setup,
                                 caf::actor solver)
  : observed_actor(config, context, "predictor " + std::to_string(setup.edge.below), actor_role::predictor,
                   setup.edge.below),
    solver_(std::move(solver)), turn_(std::move(setup), *this) {}

caf::behavior predictor_actor::make_behavior() {
  return with_describe({
    on(&predictor_actor::handle_connect),
    on(&predictor_actor::handle_predict),
    on(&predictor_actor::handle_target),
    on(&predictor_actor::handle_next_target),
    on(&predictor_actor::handle_solved),
    on(&predictor_actor::handle_save_predictor),
    on(&predictor_actor::handle_part_saved),
  });
}

void predictor_actor::on_exit() {
  group_ = nullptr;
  solver_ = nullptr;
  observed_actor::on_exit();
}

void predictor_actor::handle_connect(connect& neighbours) {
  group_ = neighbours.below;
  report_failures_to(neighbours.coordinator);
  if (const auto loaded = turn_.go_on_from_saved(); !loaded) throw std::runtime_error(loaded.message());
}

std::string predictor_actor::describe() {
  return fmt::format("waits for {} {}; {}, mailbox {}", turn_.waits_for_solver() ? "solver" : "group", turn_.group(),
                     turn_.describe_contents(), mailbox().size());
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
