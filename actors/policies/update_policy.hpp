// When a group updates, and with which gradient: one file for each policy.
//
// The group actor drives: for each training batch it runs the forward pass, sends the activation up, and gives the
// policy its turn (on_turn); it hands over each gradient that comes down exactly once (on_gradient). The policy answers
// through `policy_actions`, all of which only enqueue work and messages.
//
// A policy belongs to one group actor. It must finish() every batch: that frees the cache.
#pragma once

#include "actors/batch_record.hpp"
#include "actors/gradient_kind.hpp"
#include "runtime/result.hpp"
#include "runtime/trace/trace_record.hpp"

#include <memory>
#include <string>

namespace syngrad {

// What a policy can have its group do.
class policy_actions {
public:
  virtual ~policy_actions() = default;

  // Backward pass with `dy` and one optimizer step, together with what accumulate() has left. Returns the gradient at
  // the group's input; a null tensor where `input_gradient` is false, nobody wants it, or
  // this is the bottom group.
  virtual tensor update(batch_record&, applied_gradient, const tensor& dy, bool input_gradient) = 0;
  // Adds the parameter gradient of `dy`, which is used up, to the next update.
  virtual void accumulate(batch_record&, tensor dy) = 0;
  // One optimizer step with what accumulate() has left, if anything.
  virtual void apply_accumulated() = 0;
  // The gradient at the group's input that belongs to `dy` at its output; null at the bottom group.
  virtual tensor input_gradient(batch_record&, const tensor& dy) = 0;
  virtual tensor difference(const tensor& a, const tensor& b) = 0;

  // Once for every batch, at the bottom group too (where nothing is sent). Goes as none where it is not wanted.
  virtual void send_down(batch_record&, gradient_kind, tensor values) = 0;
  // Compares the batch's prediction with the gradient received, and trains the predictor with it.
  virtual void train_predictor(batch_record&, gradient_kind, const tensor& received) = 0;
  // The batch needs nothing more.
  virtual void finish(batch_record&) = 0;
};

class update_policy {
public:
  virtual ~update_policy() = default;

  // Whether the batch's turn begins with a prediction; on_turn() then finds it in the record.
  virtual bool predicts(std::uint64_t batch) const = 0;
  // Whether the batch's turn ends only when its own gradient has been handled.
  virtual bool waits_for_gradient(std::uint64_t batch) const = 0;
  // Whether the gradients sent down come from predictions: true ones then travel apart, for audits.
  virtual bool bootstraps(std::uint64_t batch) const = 0;
  // Turns by which gradients are handled late in a deterministic run, for group `index` of `count`.
  virtual int fixed_lag(int index, int count) const = 0;

  virtual void on_turn(policy_actions&, batch_record&) = 0;
  // `values` is null where `kind` is none.
  virtual void on_gradient(policy_actions&, batch_record&, gradient_kind kind, const tensor& values) = 0;
  // The stream of batches has ended and every gradient has been handled.
  virtual void on_end(policy_actions&) {}
};

// By name; fails naming the known ones. Batches before `warmup` run locked and train the predictors.
result<std::unique_ptr<update_policy>> make_update_policy(const std::string& name, std::int64_t warmup);

// Whether groups below the top need predictors.
bool policy_predicts(const std::string& name);

} // namespace syngrad
