// What a group does with gradients: hands each to the policy once, does what the policy asks for, and lets go of a
// batch when nothing more will come for it.
//
// Invariants:
//   1. A batch's gradient reaches the policy once: not before the batch's own turn is over, except where the turn waits
//      for it; and in the order of batches where the run is deterministic, or its end is near.
//   2. A batch comes back over the edge below once, when the policy says so.
//   3. A batch is settled, its tensors let go, when the policy has finished it and no audit is awaited; its record is
//      recycled when the stream is past that.
//   4. An update of weights is made of as many calls of update() as the policy declares micro-batches; at the end, of
//      those that are left. What one of them has that is not finite keeps the whole update from being applied.
//   5. Which weights a pass reads, where the policy stashes or double-buffers them, is in weight_versions.hpp.
//   6. With recompute a batch has a cache while it is worked on: from its forward pass to the end of its turn where the
//      turn does not wait for a gradient, and while what has come for it is done. Such a cache is that of its forward
//      pass, bit for bit.
//   7. An update in two parts: the second ones follow in the order of the first, all before the weights change. Until
//      then the batch keeps its cache.
//   8. Where a batch's gradient is of some samples, so is every backward pass with it, and what is sent down.
//
// All of it only enqueues work. Belongs to one group, on its thread.
#pragma once

#include "actors/error_feedback.hpp"
#include "actors/group_parts.hpp"
#include "actors/measures_to_tell.hpp"
#include "actors/weight_versions.hpp"

namespace syngrad {

class group_gradients : private policy_actions {
public:
  explicit group_gradients(group_parts&);

  // ---- what has come, where this group's streams can read it
  // False: none was due for its batch. `turns_over`: no turn begins any more, so what has come is handed over.
  bool arrived(const gradient&, bool turns_over);
  void arrived(const audit_gradient&);
  // All that was due for a batch has been done, and its numbers are there.
  void settled(batch_record&);

  // ---- the turn of a batch, in its order
  bool may_begin(std::uint64_t batch) const { return weights_.are_there_for(batch); }
  void begin(batch_record&);                      // weights, and whether an audit is to come
  void forward(batch_record&, const tensor& x);   // what it gives is the record's output
  void loss(batch_record&, const tensor& values); // of the top group
  bool handled_before(const batch_record&);       // whether the turn may go on: what it must wait for is done
  void end_turn(batch_record&);
  void deliver_through(std::uint64_t last); // what has come, in order
  // Second parts of updates: the oldest is made (false: there is none); as many are as a batch more needs room.
  bool complete_oldest();
  void make_room();
  bool has_put_off() const;
  std::uint64_t passes() const { return passes_; } // forward and backward so far
  void end();                                      // every gradient has been handled
  bool predicts(std::uint64_t batch) const { return parts_.predictor.exists() && policy().predicts(batch); }
  bool updates_alone(std::uint64_t batch) const { return parts_.predictor.exists() && policy().updates_alone(batch); }

private:
  update_policy& policy() const { return *parts_.setup.policy; }
  stream& work() const { return parts_.work(); }
  static tensor measured(const batch_record& record, std::int64_t first, std::int64_t count) {
    return record.measures.view(first, {count});
  }
  void deliver(batch_record&, gradient_kind, const tensor& values);
  void deliver_early(batch_record&);
  void deliver_audit(batch_record&, const tensor& truth);
  void audit(batch_record&, const tensor& truth);
  void measure_missed_sum(batch_record&, const tensor& prediction, const tensor& received, std::int64_t at);
  void tell_measure(const batch_record&);
  void send_audit_down(batch_record&, tensor values);
  bool sends_gradient(std::uint64_t batch) const;
  void guard(batch_record&, const tensor& dy, tensor& sum) const;
  void need_cache(batch_record&);
  void let_cache_go(batch_record&) const;
  // Whether gradients are handled as soon as they come.
  bool handles_early() const { return !can_.holds_gradients && !parts_.setup.deterministic; }
  bool is_handled_through(std::uint64_t batch) const;
  void count_guard(batch_record&, const tensor& dy, bool is_first);
  update_request update_of(batch_record&, tensor& nonfinite, tensor& squared_norm);
  tensor backward(batch_record&, const tensor& dy, backward_request);
  tensor backward_and_update(batch_record&, applied_gradient, const tensor& dy, bool input_gradient,
                             const update_request&);
  void settle_if_done(batch_record&);

  // policy_actions
  tensor update(batch_record&, applied_gradient, const tensor& dy, std::int64_t terms, bool input_gradient) override;
  tensor begin_update(batch_record&, const tensor& dy, bool input_gradient) override;
  void complete_update(batch_record&, applied_gradient, std::int64_t terms) override;
  void accumulate(batch_record&, tensor dy, float weight) override;
  void apply_accumulated(std::int64_t terms) override;
  tensor input_gradient(batch_record&, const tensor& dy) override;
  tensor difference(const tensor& a, const tensor& b) override;
  tensor mixture(const tensor& a, const tensor& b, float share) override;
  std::int64_t staleness(const batch_record& record) const override {
    return parts_.setup.layers->version() - record.version;
  }
  void choose_samples(batch_record&, const tensor& loss_gradient, const sample_choice&) override;
  tensor of_chosen(batch_record&, const tensor& values) override;
  void send_down(batch_record&, gradient_kind, tensor values) override;
  void train_predictor(batch_record&, gradient_kind, const tensor& received) override;
  void passes_gate(batch_record&, gate_state) override;
  void finish(batch_record&) override;

  group_parts& parts_;
  policy_capabilities can_;
  weight_versions weights_;
  error_feedback feedback_;  // where the policy feeds errors back
  bool accumulated_ = false; // backward passes have left gradients for the next update
  int micro_batches_ = 0;    // of the next update, so far
  int begun_ = 0;            // of those that are made in two parts
  std::int64_t terms_ = 0;   // of theirs
  std::int64_t most_in_flight_;
  std::uint64_t passes_ = 0;
  tensor guard_;               // sum of their guards; null where one batch makes an update
  std::int64_t next_step_ = 0; // of the run's schedule, after the latest batch that began its turn
  std::uint64_t turn_ = 0;     // that batch
  measures_to_tell to_tell_;   // where the policy judges predictions and the run is deterministic
};

} // namespace syngrad
