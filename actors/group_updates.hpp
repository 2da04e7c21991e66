// A group's backward passes and updates of its weights.
//
// Invariants:
//   1. An update of weights is made of as many calls of update() as the policy declares micro-batches; at the end, of
//      those that are left. What one of them has that is not finite keeps the whole update from being applied.
//   2. Which weights a pass reads, where the policy stashes or double-buffers them, is in weight_versions.hpp.
//   3. With recompute a batch has a cache while it is worked on: from its forward pass to the end of its turn where the
//      turn does not wait for a gradient, and while what has come for it is done. Such a cache is that of its forward
//      pass, bit for bit.
//   4. An update in two parts: the second ones follow in the order of the first, all before the weights change. Until
//      then the batch keeps its cache.
//   5. Where a batch's gradient is of some samples, so is every backward pass with it.
//
// All of it only enqueues work. Belongs to one group, on its thread.
#pragma once

#include "actors/error_feedback.hpp"
#include "actors/group_parts.hpp"
#include "actors/weight_versions.hpp"

namespace syngrad {

class group_updates {
public:
  // Both outlive it.
  group_updates(group_parts&, const policy_capabilities&);

  bool may_begin(std::uint64_t batch) const { return weights_.are_there_for(batch); }
  void begin(batch_record&); // weights of its forward pass
  void let_cache_go(batch_record&) const;
  void end(); // no batch comes any more: what is left is applied

  // See policy_actions. `input_gradient`: that at the group's input is wanted.
  tensor update(batch_record&, applied_gradient, const tensor& dy, std::int64_t terms, bool input_gradient);
  tensor begin_update(batch_record&, const tensor& dy, bool input_gradient);
  void complete_update(batch_record&, applied_gradient, std::int64_t terms);
  // Of the next update of weights only second parts are left.
  bool all_are_begun() const { return begun_ == can_.micro_batches; }
  void accumulate(batch_record&, tensor dy, float weight);
  void apply_accumulated(std::int64_t terms);
  tensor input_gradient(batch_record&, const tensor& dy);

  void keep(state_archive&); // between two batches, to be saved and loaded
  std::uint64_t kept_bytes() const { return weights_.held_back_bytes() + feedback_.bytes(); } // beside the batches

private:
  stream& work() const { return parts_.work(); }
  void need_cache(batch_record&);
  void guard(batch_record&, const tensor& dy, tensor& sum) const;
  void count_guard(batch_record&, const tensor& dy, bool is_first);
  update_request update_of(batch_record&, tensor& nonfinite, tensor& squared_norm);
  tensor backward(batch_record&, const tensor& dy, backward_request);
  tensor backward_and_update(batch_record&, applied_gradient, const tensor& dy, bool input_gradient,
                             const update_request&);

  group_parts& parts_;
  const policy_capabilities& can_;
  weight_versions weights_;
  error_feedback feedback_;    // where the policy feeds errors back
  bool accumulated_ = false;   // backward passes have left gradients for the next update
  int micro_batches_ = 0;      // of the next update, so far
  int begun_ = 0;              // of those that are made in two parts
  std::int64_t terms_ = 0;     // of theirs
  tensor guard_;               // sum of their guards; null where one batch makes an update
  std::int64_t next_step_ = 0; // of the run's schedule, after the latest batch that began its turn
};

} // namespace syngrad
