// Owns the synthetic-gradient model of one edge: answers predictions, and trains on the targets that come. Beside it, a
// solver computes closed-form solutions, on a copy of the model's state and a stream of its own.
//
// Free-running: questions come first, targets are trained on in between, and when too many pile up the oldest is
// dropped and counted. Deterministic: a question is answered after exactly the targets that were sent before it, and a
// background solution is swapped in a fixed number of targets after its solve began.
#pragma once

#include "actors/observed_actor.hpp"
#include "models/learning_rate.hpp"
#include "models/synthetic_gradient_model.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace syngrad {

struct predictor_setup {
  run_edge edge; // whose gradients are predicted, for the group below it
  std::shared_ptr<synthetic_gradient_model> model;
  stream* work = nullptr;
  caf::actor solver;
  learning_rate rate{1e-3f};
  bool deterministic = false;
  std::size_t target_limit = 4; // free-running: targets that wait
  std::int64_t swap_after = 1;  // deterministic: targets between the beginning of a solve and the use of its result
};

class predictor_actor : public observed_actor {
public:
  predictor_actor(caf::actor_config&, actor_context, predictor_setup);

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;
  std::uint32_t weight_version() const override { return static_cast<std::uint32_t>(trained_); }
  void on_exit() override;

private:
  void handle_connect(connect&);
  void handle_predict(predict&);
  void handle_target(target&);
  void handle_next_target(next_target&);
  void handle_solved(solved&);

  void advance();
  void answer(const predict&);
  void train_on_oldest_target();
  bool waits_for_solution() const { return setup_.deterministic && solving_ && since_solve_ >= setup_.swap_after; }
  void swap_in();

  predictor_setup setup_;
  caf::actor group_;
  std::deque<predict> questions_;
  std::deque<target> targets_;
  bool next_scheduled_ = false;
  bool solving_ = false;
  std::int64_t since_solve_ = 0;
  std::optional<solved> solution_;
  std::int64_t trained_ = 0;
  std::int64_t dropped_ = 0;
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
