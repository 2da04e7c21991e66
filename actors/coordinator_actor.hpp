// Drives a run from its first batch to its summary; the only actor that sees the run as a whole.
//
// | stage      | what ends it                                   | then                                    |
// |------------|------------------------------------------------|-----------------------------------------|
// | training   | the source has sent its last batch             | flushing                                |
// | flushing   | every group has handled every gradient         | evaluating (not where the run failed)   |
// | evaluating | all rows came back: validation first, then test | reporting                              |
// | reporting  | every group has reported                       | ended                                   |
// Where batches can end at a gap in the network, the source does not stop by itself: it says all_sent. Once each of its
// batches has reached the loss or ended at a gap, the coordinator has it send as many more as did not reach the loss,
// or has it stop. An evaluation during training pauses the source; one that meets a gap (evaluation_missed) is left
// out. A failure that cannot be skipped, or an actor that is gone, ends the run at once.
#pragma once

#include "actors/checkpoint_gathering.hpp"
#include "actors/observed_actor.hpp"
#include "actors/training_progress.hpp"
#include "models/metric.hpp"
#include "runtime/device.hpp"

#include <atomic>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace syngrad {

// What the coordinator tells the thread that waits for the run: how it ended, and a sign of life meanwhile. The
// coordinator writes, the waiting thread reads; standing_still is for any.
struct run_state {
  std::promise<training_summary> outcome;   // set once
  std::atomic<std::uint64_t> heartbeat{0};  // grows with every batch or evaluation that is done
  std::atomic<int> standing_still{0};       // users of the weights: while there are any, a standstill is no hang
  std::atomic<std::int64_t> expected_ns{0}; // until then something is on the way over an emulated link: no hang either

  // Any thread.
  void expect_until(std::int64_t arrival_ns) {
    auto latest = expected_ns.load(std::memory_order_relaxed);
    while (latest < arrival_ns && !expected_ns.compare_exchange_weak(latest, arrival_ns, std::memory_order_relaxed)) {
    }
  }
  bool awaits_no_beat(std::int64_t now_ns) const { return standing_still > 0 || expected_ns > now_ns; }
};

struct coordinator_setup {
  std::int64_t steps = 0;
  std::int64_t batch_size = 0;
  counted_unit unit;
  std::string data;                             // what it is called
  std::string faster_data;                      // what makes reading it faster
  std::shared_ptr<const objective> trained_for; // not null
  std::optional<metric_target> target;
  std::optional<double> time_limit_s; // of training
  bool has_validation = false;
  bool skip_nonfinite = false;
  std::vector<device*> devices; // whose memory is reported
  training_observer observer;
  std::shared_ptr<run_state> state;
  caf::actor source;
  std::vector<caf::actor> groups;         // bottom to top; where one is elsewhere, what stands in for it
  std::vector<caf::actor> local;          // all that are in this process: the run ends with the first of them
  std::size_t saved_parts = 0;            // of a checkpoint: source, groups, predictors
  bool saves_at_once = false;             // before the first batch
  std::string signature;                  // of the run, see run_restore
  std::shared_ptr<const saved_run> saved; // that the run goes on from; null: it begins
};

// What a run has come to, to be saved and loaded.
// `evaluated`: the step of the latest evaluation that was reported, -1 for none: a continued run begins with the next.
void keep_counters(state_archive&, training_progress&, training_summary&, std::int64_t& data_wait_ns,
                   std::int64_t& evaluated);

class coordinator_actor : public observed_actor {
public:
  coordinator_actor(caf::actor_config&, actor_context);

  // Sent first, and once: the coordinator has to exist before the actors that report to it.
  struct begin {
    std::shared_ptr<coordinator_setup> setup;
  };

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;
  void on_exit() override;
  void report_failure(const std::string& what) override; // its own: nobody else would end the run

private:
  static constexpr std::int64_t warm_after = 200;     // batches
  static constexpr std::int64_t diverged_after = 100; // latest batches in a row that could not be applied
  static constexpr double data_is_slow = 0.05;        // share of the training that waits for it

  enum class stage : std::uint8_t { training, flushing, evaluating, reporting, ended };
  struct running_evaluation {
    std::uint64_t number = 0;
    std::int64_t step = 0, samples = 0, samples_left = 0;
    loss_totals totals;
    bool on_test_set = false;
    bool final = false; // after the last batch
  };
  struct gathering { // reports of all groups, for one purpose
    enum class purpose : std::uint8_t { progress, evaluation, summary } use;
    std::vector<group_report> reports;
    evaluation_report evaluation;
    bool final = false; // the evaluation is the last one
  };

  void handle_begin(begin&);
  void handle_batch_done(batch_done&);
  void handle_batch_alone(batch_alone&);
  void handle_all_sent(all_sent&);
  void handle_evaluation_begun(evaluation_begun&);
  void handle_evaluated(evaluated&);
  void handle_evaluation_missed(evaluation_missed&);
  void handle_training_ended(training_ended&);
  void handle_flushed(flushed&);
  void handle_report(report&);
  void handle_failure(failure&);
  void handle_interrupt(interrupt_run&);
  void handle_tick(progress_tick&);
  void handle_take_checkpoint(take_checkpoint&);
  void handle_checkpoint_begun(checkpoint_begun&);
  void handle_checkpoint_passed(checkpoint_passed&);
  void handle_part_saved(part_saved&);
  void handle_part_not_saved(part_not_saved&);
  void handle_down(const caf::down_msg&);

  void note_progress(const batch_done&);
  void go_on_from_saved();
  void complete_checkpoint();
  void drop_checkpoint(std::int64_t step, const std::string& why);
  void stop_when_time_is_over();
  void send_more_or_stop();
  void finish_evaluation(const running_evaluation&);
  void next_final_evaluation();
  void ask_for_reports(gathering, report_span);
  void reports_complete(gathering);
  void show_progress(const std::vector<group_report>&);
  void warn_of_faults(const std::vector<group_report>&);
  void warn(const std::string& line);
  void judge_skipped();
  void judge_data();
  void abort(const std::string& why);
  void end();
  std::uint64_t allocations() const; // so far, on all devices
  void beat() { setup_->state->heartbeat.fetch_add(1, std::memory_order_relaxed); }

  std::shared_ptr<coordinator_setup> setup_;
  stage stage_ = stage::training;
  training_summary summary_;
  std::map<std::uint64_t, running_evaluation> evaluations_; // two can be under way after an interrupt
  bool told_of_missed_ = false;                             // since the last evaluation that was complete
  std::deque<bool> final_evaluations_;                      // true: on the test set
  std::uint64_t next_report_ = 0;
  std::map<std::uint64_t, gathering> gatherings_;
  std::size_t groups_flushed_ = 0;

  training_progress progress_;
  std::optional<checkpoint_gathering> checkpoint_;
  std::optional<std::int64_t> saves_step_; // the checkpoint that is under way
  std::int64_t warm_at_ = warm_after;      // batches done, in all
  std::optional<std::int64_t> all_sent_;   // batches that the source has sent, when it has said so
  std::int64_t data_wait_ns_ = 0;
  std::int64_t evaluated_ = -1; // step of the latest evaluation that was reported
  metric_values last_metrics_;  // of the latest evaluation
  std::uint64_t warm_allocations_ = 0;
  bool progress_pending_ = false;
  int interrupts_ = 0; // the second one ends the run with the batches that are done
};

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::coordinator_actor::begin)
