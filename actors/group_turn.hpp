// A batch's way through a group: forward -> send up (needs a credit) -> gate (gradients that must be handled first) ->
// prediction (if the policy wants one) -> the policy's turn. The next turn starts only after that. Waiting is state:
// credits, gradients and questions are handled at any time.
//
// | state   | what ends it                                                        |
// |---------|---------------------------------------------------------------------|
// | idle    | an activation or mark, room for one more cache, and the weights     |
// |         | that its batch reads (weight_versions)                              |
// | sending | a credit from above; or, up to max_alone, that above is away:       |
// |         | then an evaluation's batch is left out, lest training waits for it  |
// | gated   | the gradient of batch - lag (deterministic), or through that which  |
// |         | the policy waits for                                                |
// | asking  | the predictor's answer                                              |
//
// Invariants: batches have their turns in the order in which they came, one at a time; a flush mark is answered when no
// batch that came before it is in flight; the neighbour below gets back a credit for each batch that it sent.
//
// Belongs to one group, on its thread. advance() goes on as far as it can without waiting: call it after whatever a
// turn may wait for.
//
// Where it cannot go on and a batch has the second part of its update before it, it makes that one when its stream is
// past all that was enqueued, and nothing that it could do instead has come in meanwhile.
#pragma once

#include "actors/group_checkpoint.hpp"
#include "actors/group_gradients.hpp"

#include <deque>
#include <optional>

namespace syngrad {

class group_turn {
public:
  group_turn(group_parts& parts, group_gradients& gradients) : parts_(parts), gradients_(gradients) {}

  // Before the first message: makes room, and grants the neighbour below its credits.
  void begin();
  void advance();

  // ---- what comes; tensors where this group's streams can read them
  void arrived(activation batch);
  void arrived(const flush_mark&);
  void arrived(const checkpoint_mark&);
  void arrived(const synthetic_gradient&);
  // The stream is past what was said to the outlet's when_complete().
  void passed(const work_done&);
  void passed(const evaluation_done&);

  // After begin(): of a group whose setup has a saved state. Fails where that is of another run.
  status go_on_from_saved();
  group_checkpoint& checkpoint() { return checkpoint_; }

  bool is_flushing() const { return flushing_; }
  // Whether gradients are handed over as they come, as no turn begins before all have: at the end, or before a mark.
  bool hands_over_at_once() const { return flushing_ || empties_for_mark_; }
  bool waits_for_credit() const { return state_ == state::sending; }
  const batch_record* current() const { return turn_; } // null: none
  std::string describe() const;                         // what it waits for
  std::string describe_contents() const;                // credits, and batches in flight
  std::size_t inbox_size() const { return inbox_.size(); }

private:
  static constexpr std::int64_t records_alone = 2; // of batches that end at the gap: one in its turn, one settling

  enum class state : std::uint8_t { idle, sending, gated, asking };
  enum class input_kind : std::uint8_t { batch, flush_mark, checkpoint_mark };
  struct input {
    activation batch; // of marks: context, and the step
    input_kind kind = input_kind::batch;
  };
  struct mean_loss { // of the micro-batches of a batch that have reached the loss
    double sum = 0;
    std::int64_t terms = 0;
    int micro_batches = 0;
  };

  void comes_up(input);
  bool start_next();
  void start_training_batch(activation);
  void start_evaluation_batch(activation);
  bool send_up();
  void ask_predictor();
  void finish();
  void go_on();
  void rest();
  void tell_end_of_turn(const batch_record&);
  void tell_loss(const batch_record&);
  bool try_flush();
  bool try_save();
  void keep(state_archive&);

  // A batch that ends at the gap takes no credit and is not sent up. Its turn is as usual, with a prediction; after it
  // the batch is treated as if `none` had come from above: no target, no correction.
  bool may_train_alone(std::uint64_t batch) const {
    return parts_.above.may_end_at_gap() && gradients_.updates_alone(batch);
  }
  bool has_room_for(std::uint64_t batch) const;
  bool leaves_evaluations_out() const { return !flushed_ && may_train_alone(next_batch_); }

  group_parts& parts_;
  group_gradients& gradients_;
  state state_ = state::idle;
  batch_record* turn_ = nullptr;
  activation output_; // in state::sending
  std::deque<input> inbox_;
  group_checkpoint checkpoint_{parts_};
  bool empties_for_mark_ = false;
  bool has_loaded_ = false; // a saved state, and nothing has come since
  bool flushing_ = false;
  bool flushed_ = false;                    // no training batch comes any more
  std::uint64_t next_batch_ = 0;            // after the latest that began its turn
  tensor followed_by_;                      // labels of what follows that one
  std::optional<std::uint64_t> evaluation_; // the latest
  mean_loss loss_;
  std::optional<std::uint64_t> rested_at_; // passes so far, when it last had nothing else to do; none: not asked for
};

} // namespace syngrad
