// Owns the synthetic-gradient model of one edge. The actor brings messages to predictor_turn.hpp, and sends what it
// says. Beside it, a solver computes closed-form solutions, on a copy of the model's state and a stream of its own.
#pragma once

#include "actors/observed_actor.hpp"
#include "actors/predictor_turn.hpp"

namespace syngrad {

class predictor_actor : public observed_actor, private predictor_outlet {
public:
  predictor_actor(caf::actor_config&, actor_context, predictor_setup, caf::actor solver);

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;
  std::uint32_t weight_version() const override { return static_cast<std::uint32_t>(turn_.trained()); }
  void on_exit() override;

private:
  void handle_connect(connect&);
  void handle_predict(predict& asked) { turn_.arrived(asked); }
  void handle_target(target& arrived) { turn_.arrived(arrived); }
  void handle_next_target(next_target& now) { turn_.arrived(now); }
  void handle_solved(solved& finished) { turn_.arrived(finished); }
  void handle_save_predictor(save_predictor& order) { turn_.arrived(order); }
  void handle_part_saved(part_saved& part) { send(coordinator(), std::move(part)); }

  // predictor_outlet
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return observed_actor::context_for(batch, version);
  }
  void answer_group(synthetic_gradient answer) override { send(group_, std::move(answer)); }
  void tell_group(targets_dropped count) override { send(group_, count); }
  void ask_solver(solve task) override { send(solver_, std::move(task)); }
  void train_later(next_target next) override { send(this, next); }
  void when_saved(part_saved part) override { when_complete(turn_.work(), std::move(part)); }
  void not_saved(part_not_saved why) override { send(coordinator(), std::move(why)); }

  caf::actor group_, solver_;
  predictor_turn turn_;
};

class solver_actor : public observed_actor {
public:
  solver_actor(caf::actor_config&, actor_context, run_edge, stream& work);

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;

private:
  void handle_connect(connect&);
  void handle_solve(solve&);

  run_edge edge_;
  stream& work_;
};

} // namespace syngrad
