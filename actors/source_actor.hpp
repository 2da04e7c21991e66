// Feeds the bottom group: training batches while it has credits, evaluation batches in between, a flush mark at the
// end. Where batches can end at a gap in the network it asks for the end: it may have to send more.
//
// Where the policy cuts batches into micro-batches, each of those is a batch of its own to the groups, with a number
// and for a credit of its own; steps are whole batches.
//
// Where the samples do not lie in memory, or are augmented, a thread of its own reads ahead; a batch that is not made
// yet is a state to wait in, which data_ready ends.
//
// A checkpoint's mark goes up behind a whole batch, before the evaluation that is due then; one at a time. What is
// asked for meanwhile, or while an evaluation is under way, follows when that is over; the end waits for it. The
// source's part of it is where in the data the run is.
//
// An evaluation is a barrier: after its batches the source waits for the coordinator to resume training, so that the
// time of both can be told apart and a run that stops at a target stops at the same batch every time.
#pragma once

#include "actors/batch_source.hpp"
#include "actors/crossing_actor.hpp"
#include "actors/data_wait.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/data/read_ahead.hpp"

#include <optional>
#include <span>

namespace syngrad {

struct source_setup {
  const dataset* data = nullptr;
  sample_order order; // the training's moves to who reads ahead
  augmentation augment;
  std::uint64_t seed = 0;
  stream* work = nullptr;  // which is the copy stream, too: the source has no other work
  bool host_above = false; // group 0 reads host memory only
  std::int64_t evaluate_every = 0;
  double evaluate_every_s = 0;   // and by time; 0: not by it
  std::int64_t following = 0;    // labels of what follows each training sample that go with it
  std::int64_t most_waiting = 0; // batches that wait before group 0; 0: as many as it grants
  bool asks_for_the_end = false; // says all_sent at the end, and waits for what the coordinator decides
  std::int64_t checkpoint_every = 0;
  double checkpoint_every_s = 0;           // and by time; 0: not by it
  std::shared_ptr<const saved_part> saved; // that it goes on from; null: it begins
};

class source_actor : public crossing_actor {
public:
  source_actor(caf::actor_config&, actor_context, source_setup);

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;
  // Only a source whose batches are not made in time waits for input: then the data is what holds up the training.
  waiting_reason waits_for() const override { return waits_for_data_ ? waiting_reason::input : waiting_reason::credit; }
  std::uint64_t current_batch() const override { return static_cast<std::uint64_t>(step_ * parts_ + part_); }
  void on_exit() override;

private:
  // The evaluation that is being sent.
  struct pass {
    std::uint64_t number = 0;
    bool on_test_set = false;
    std::int64_t next = 0; // of the samples that it evaluates
  };

  void handle_connect(connect&);
  void handle_credit(credit&);
  void handle_train(train&);
  void handle_resume(resume_training&);
  void handle_stop(stop_training&);
  void handle_evaluate(evaluate&);
  void handle_evaluation_missed(evaluation_missed&);
  void handle_batch_alone(batch_alone&) { ++alone_; }
  void handle_data_ready(data_ready&) { advance(); }
  void handle_take_checkpoint(take_checkpoint&);
  void handle_checkpoint_over(checkpoint_over&);

  void advance();
  void read_data_ahead();
  std::optional<batch> make_training_batch(); // none: it is not read yet
  void send_training_batch(batch);
  void send_evaluation_batch();
  void evaluate_if_due();
  bool evaluation_is_due();
  void take_checkpoint_if_due();
  bool checkpoint_is_due();
  void go_on_from_saved();
  static std::int64_t next_after(std::int64_t step, std::int64_t every) {
    return every > 0 ? (step / every + 1) * every : 0;
  }
  void set_evaluation_time();
  void begin_pass(std::uint64_t number, bool on_test_set);
  std::span<const std::int64_t> pass_samples(bool on_test_set) const;

  source_setup setup_;
  std::optional<batch_source> training_samples_, test_samples_; // from connect on
  std::optional<read_ahead> ahead_;                             // where reading a batch may take long
  std::int64_t parts_, part_ = 0; // that each batch is sent in: micro-batches; the next one
  std::int64_t batch_size_;
  std::int64_t largest_part_;
  bool waits_for_data_ = false;
  data_wait wait_;
  neighbour above_;
  std::int64_t usable_credits() const { return credits_ - held_back_; }
  std::int64_t credits_ = 0;
  bool has_been_granted_ = false;
  std::int64_t held_back_ = 0; // of them: most_waiting has no use for them
  // The step of the run's schedule. An estimate while batches are under way that will end at a gap.
  std::int64_t scheduled() const { return step_ - alone_; }

  std::int64_t step_ = 0, steps_ = 0;  // whole batches sent, to be sent
  std::int64_t alone_ = 0;             // that ended at a gap in the network
  std::int64_t next_evaluation_ = 0;   // scheduled() from which on it is due
  std::int64_t evaluation_due_ns_ = 0; // likewise, by time
  std::int64_t next_checkpoint_ = 0;   // step_ from which on it is due
  std::int64_t checkpoint_due_ns_ = 0; // likewise, by time
  std::int64_t last_checkpoint_ = 0;   // step_ at the latest one
  bool wants_checkpoint_ = false;      // it was asked for
  bool saves_ = false;                 // a checkpoint is under way
  bool has_begun_ = false;
  bool training_ = false;
  bool asked_ = false; // for the end: waits for train or stop_training
  bool stopped_ = false;
  bool paused_ = false; // until the coordinator has the result of an evaluation
  std::optional<pass> pass_;
};

} // namespace syngrad
