// Owns a layer group: trains it on the batches that come up, with the gradients that come down.
//
// A batch's turn: forward -> send up (needs a credit) -> gate (gradients that must be handled first) -> prediction (if
// the policy wants one) -> the policy's turn. The next turn starts only after that. Waiting is state: credits,
// gradients and questions are handled at any time.
//
// | state   | what ends it                                                        |
// |---------|---------------------------------------------------------------------|
// | idle    | an activation or flush mark, and room for one more cache            |
// | sending | a credit from above; or, up to max_alone, that above is away:       |
// |         | then an evaluation's batch is left out, lest training waits for it  |
// | gated   | the gradient of batch - lag (deterministic), or of the batch itself |
// | asking  | the predictor's answer                                              |
#pragma once

#include "actors/agreement.hpp"
#include "actors/crossing_actor.hpp"
#include "actors/gap_above.hpp"
#include "actors/gradient_demand.hpp"
#include "actors/handler_gate.hpp"
#include "actors/link_counters.hpp"
#include "actors/update_observer.hpp"
#include "actors/update_policy.hpp"
#include "models/learning_rate.hpp"
#include "models/objective.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace syngrad {

struct group_setup {
  int index = 0;
  int count = 1;
  std::string units; // "0-1", for reports
  std::shared_ptr<layer_group> layers;
  stream* work = nullptr;
  stream* copies = nullptr; // of the same device: tensors from and to other devices
  std::shared_ptr<handler_gate> gate = std::make_shared<handler_gate>(); // around each message
  bool host_below = false;                                               // the neighbour below reads host memory only
  bool host_above = false;
  std::unique_ptr<update_policy> policy;
  std::shared_ptr<const objective> trained_for; // of the top group; not null there
  learning_rate rate{1e-3f};
  bool deterministic = false;
  int lag = 0;                               // deterministic: turns by which gradients are handled late
  int credits = 2;                           // granted to the neighbour below
  std::int64_t audit_every = 0;              // 0: never
  std::shared_ptr<update_observer> observer; // not null
  gradient_demand gradients;                 // over both interfaces
  // What comes over links from its neighbours; nothing does where they are in this process. Null: nobody counts.
  std::shared_ptr<const link_counters> from_below, from_above;
  std::int64_t cache_limit = 16; // batches whose gradient is outstanding; more than the lag
  std::int64_t max_alone = 0;    // batches that may end here while the network above is away
  // Of the predictor beside this group, for the report.
  std::int64_t predictor_parameters = 0;
  double predictor_multiply_adds = 0;
};

class group_actor : public crossing_actor, private policy_actions {
public:
  group_actor(caf::actor_config&, actor_place, group_setup);
  ~group_actor() override;

  caf::invoke_message_result consume(caf::mailbox_element&) override;

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;
  waiting_reason waits_for() const override {
    return state_ == state::sending ? waiting_reason::credit : waiting_reason::input;
  }
  std::uint64_t current_batch() const override { return turn_ ? turn_->batch : crossing_actor::current_batch(); }
  std::uint32_t weight_version() const override { return static_cast<std::uint32_t>(setup_.layers->version()); }
  void on_exit() override;

private:
  enum class state : std::uint8_t { idle, sending, gated, asking };
  struct input {
    activation batch;
    bool is_flush_mark = false;
  };

  void handle_connect(connect&);
  void handle_activation(activation&);
  void handle_flush_mark(flush_mark&);
  void handle_gradient(gradient&);
  void handle_audit_gradient(audit_gradient&);
  void handle_gradients_wanted(gradients_wanted&);
  void handle_synthetic_gradient(synthetic_gradient&);
  void handle_targets_dropped(targets_dropped& dropped) { dropped_targets_ = dropped.count; }
  void handle_credit(credit&);
  void handle_work_done(work_done&);
  void handle_evaluation_done(evaluation_done&);
  void handle_report_request(report_request&);
  // From the link to a neighbour in another process. What is on its way arrives when the network is back.
  void handle_neighbour_away(neighbour_away&);
  void handle_neighbour_back(neighbour_back&);

  bool is_top() const { return setup_.index == setup_.count - 1; }
  bool has_below() const { return setup_.index > 0; }
  bool audited(std::uint64_t batch) const;
  static tensor measured(const batch_record&, std::int64_t first, std::int64_t count);

  // The turn, in its order. advance() goes on as far as it can without waiting.
  void advance();
  bool start_next();
  void start_training_batch(activation);
  void start_evaluation_batch(activation);
  void finish_turn();
  bool try_flush();
  bool gate_open();

  static constexpr std::int64_t records_alone = 2; // of batches that end at the gap: one in its turn, one settling
  bool may_train_alone(std::uint64_t batch) const;
  bool has_room_for(std::uint64_t batch) const;
  void go_on_alone();
  bool leaves_evaluations_out() const;
  void leave_evaluation_out();

  void deliver(batch_record&, gradient_kind, const tensor& values);
  void deliver_early(batch_record&);
  void deliver_early_through(std::uint64_t last);
  void deliver_audit(batch_record&, const tensor& truth);
  void audit(batch_record&, const tensor& truth);
  void send_audit_down(batch_record&, tensor values);
  void settle_if_done(batch_record&);
  void read_measures_late(const batch_record&);
  void check_finite(const batch_record&);
  void report_nonfinite_loss(const batch_record&);
  void report_nonfinite(const batch_record&, const std::string& what);
  update_origin origin_of(const batch_record&, std::int64_t version) const;
  void observe_application(const batch_record&, applied_gradient, std::int64_t version);
  void observe_measures(const batch_record&);

  // Which gradients are wanted: group_demand.cpp.
  bool sends_gradient(std::uint64_t batch) const;
  void tell_what_is_wanted(double dot, double predicted_squared, double received_squared);
  bool measures_agreement(std::uint64_t batch);
  void report_traffic(group_report&) const;

  void prepare_records();
  batch_record& make_record();
  batch_record* find(std::uint64_t batch);
  void recycle(batch_record&);

  // policy_actions
  tensor update(batch_record&, applied_gradient, const tensor& dy, std::int64_t terms, bool input_gradient) override;
  void accumulate(batch_record&, tensor dy) override;
  void apply_accumulated(std::int64_t terms) override;
  tensor input_gradient(batch_record&, const tensor& dy) override;
  tensor difference(const tensor& a, const tensor& b) override;
  void send_down(batch_record&, gradient_kind, tensor values) override;
  void train_predictor(batch_record&, gradient_kind, const tensor& received) override;
  void finish(batch_record&) override;

  group_setup setup_;
  std::uint32_t actor_id_;
  neighbour below_, above_;
  caf::actor predictor_;

  state state_ = state::idle;
  batch_record* turn_ = nullptr;
  activation output_; // in state::sending
  std::deque<input> inbox_;
  std::vector<caf::strong_actor_ptr> away_; // links whose other end is not to be reached
  gap_above gap_;
  std::int64_t credits_above_ = 0;
  bool flushing_ = false;
  bool flushed_ = false;         // no training batch comes any more
  std::uint64_t next_batch_ = 0; // after the latest that began its turn
  std::int64_t next_step_ = 0;   // likewise, of the run's schedule
  bool accumulated_ = false;

  std::deque<std::unique_ptr<batch_record>> in_flight_; // in the order of their batches
  std::vector<std::unique_ptr<batch_record>> spare_;

  std::int64_t stale_updates_ = 0, staleness_ = 0, dropped_targets_ = 0;
  std::uint64_t wanted_below_ = 1; // gradients of batches that this divides
  gradient_appetite appetite_;
  std::uint64_t next_agreement_ = 0; // batch
  std::int64_t samples_ = 0;
  agreement_mean agreement_, interval_agreement_, audit_agreement_;
};

} // namespace syngrad
