// What a group does with gradients: hands each to the policy once, does what the policy asks for, and lets go of a
// batch when nothing more will come for it.
//
// Invariants:
//   1. A batch's gradient reaches the policy once: not before the batch's own turn is over, except where the turn waits
//      for it; and in the order of batches where the run is deterministic, or its end is near.
//   2. A batch comes back over the edge below once, when the policy says so.
//   3. A batch is settled, its tensors let go, when the policy has finished it and no audit is awaited; its record is
//      recycled when the stream is past that.
//   4. Where a batch's gradient is of some samples, so is what is sent down.
//
// All of it only enqueues work. Belongs to one group, on its thread.
#pragma once

#include "actors/group_parts.hpp"
#include "actors/group_updates.hpp"
#include "actors/prediction_measures.hpp"

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
  bool may_begin(std::uint64_t batch) const { return updates_.may_begin(batch); }
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
  // Between two batches: to be saved and loaded.
  void keep(state_archive&);
  void deliver_loaded(); // what had come and was to be handled as soon as it comes
  bool predicts(std::uint64_t batch) const { return parts_.predictor.exists() && policy().predicts(batch); }
  bool updates_alone(std::uint64_t batch) const { return parts_.predictor.exists() && policy().updates_alone(batch); }

private:
  update_policy& policy() const { return *parts_.setup.policy; }
  stream& work() const { return parts_.work(); }
  void deliver(batch_record&, gradient_kind, const tensor& values);
  void deliver_early(batch_record&);
  void deliver_audit(batch_record&, const tensor& truth);
  void audit(batch_record&, const tensor& truth);
  bool sends_audit_down(const batch_record&) const;
  void send_audit_down(batch_record&, tensor values);
  bool sends_gradient(std::uint64_t batch) const;
  // Whether gradients are handled as soon as they come.
  bool handles_early() const { return !can_.holds_gradients && !parts_.setup.deterministic; }
  bool is_handled_through(std::uint64_t batch) const;
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
  group_updates updates_;
  prediction_measures measures_;
  std::int64_t most_in_flight_;
  std::uint64_t passes_ = 0;
};

} // namespace syngrad
