// What a predictor does when: it answers questions, trains on the targets that come, and has closed-form solutions made
// in the background.
//
// Free-running: questions come first, targets are trained on in between, and when too many pile up the oldest is
// dropped and counted. Deterministic: a question is answered after exactly the targets that were sent before it, and a
// background solution is swapped in a fixed number of targets after its solve began. It is saved in its order, too. A
// solve that is out then is not saved: no target has come since it began, so a continued run begins it anew from what
// the model is. Free-running, it begins one of what the model has become.
//
// Belongs to one predictor, on its thread. Knows no actor: predictor_actor brings messages in, and is its outlet.
#pragma once

#include "actors/messages.hpp"
#include "actors/run_edges.hpp"
#include "models/learning_rate.hpp"
#include "models/synthetic_gradient_model.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace syngrad {

struct predictor_setup {
  run_edge edge;    // whose gradients are predicted, for the group below it
  std::string kind; // of the model
  std::shared_ptr<synthetic_gradient_model> model;
  stream* work = nullptr;
  learning_rate rate{1e-3f};
  bool deterministic = false;
  std::size_t target_limit = 4; // free-running: targets that wait
  std::int64_t swap_after = 1;  // deterministic: targets between the beginning of a solve and the use of its result
  std::shared_ptr<const saved_part> saved; // of its group, that it goes on from; null: it begins
};

// Where what a predictor says goes. Each call returns at once.
class predictor_outlet {
public:
  virtual ~predictor_outlet() = default;

  virtual message_context context_for(std::uint64_t batch, std::uint32_t version = 0) = 0;
  virtual void answer_group(synthetic_gradient) = 0;
  virtual void tell_group(targets_dropped) = 0;
  virtual void ask_solver(solve) = 0;
  // Back to the predictor itself, behind what has come in meanwhile.
  virtual void train_later(next_target) = 0;
  // Of a run that can be saved: else they are never called. when_saved: once the predictor's stream is past that.
  virtual void when_saved(part_saved) {}
  virtual void not_saved(part_not_saved) {}
};

class predictor_turn {
public:
  predictor_turn(predictor_setup setup, predictor_outlet& out) : setup_(std::move(setup)), out_(out) {}

  void arrived(const predict& asked);
  void arrived(const target&);
  void arrived(const next_target&);
  void arrived(const solved&);
  // Saves the predictor as it is after the targets that came before.
  void arrived(const save_predictor&);

  // Before anything has come, of one whose setup has a saved state. Fails where that is of another predictor.
  status go_on_from_saved();

  std::int64_t trained() const { return trained_; } // targets, so far
  int group() const { return setup_.edge.below; }
  stream& work() const { return *setup_.work; }
  bool waits_for_solver() const { return waits_for_solution() && !solution_; }
  std::string describe_contents() const; // what waits

private:
  void advance();
  void answer(const predict&);
  void train_on_oldest_target();
  bool waits_for_solution() const { return setup_.deterministic && solving_ && since_solve_ >= setup_.swap_after; }
  void swap_in();
  void save_if_due();
  void keep(state_archive&);

  predictor_setup setup_;
  predictor_outlet& out_;
  std::deque<predict> questions_;
  std::deque<target> targets_;
  bool next_scheduled_ = false;
  bool solving_ = false;
  std::int64_t since_solve_ = 0;
  std::optional<solved> solution_;
  std::optional<save_predictor> to_save_; // after so many more targets
  std::size_t targets_before_save_ = 0;
  std::int64_t trained_ = 0;
  std::int64_t dropped_ = 0;
};

} // namespace syngrad
