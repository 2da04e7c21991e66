#include "actors/solver_actor.hpp"

namespace syngrad {

solver_actor::solver_actor(caf::actor_config& config, actor_place place, int interface_number, stream& work)
  : observed_actor(config, place, "solver " + std::to_string(interface_number), actor_role::solver, interface_number),
    interface_(interface_number), work_(work) {}

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
  return "waits for predictor " + std::to_string(interface_) + " to send a solve";
}

} // namespace syngrad
