// When a group updates, and with which gradient: one file for each policy.
//
// The group actor drives: for each training batch it runs the forward pass, sends the activation up, and gives the
// policy its turn (on_turn); it hands over each gradient that comes down exactly once (on_gradient). At the top group
// there is the gradient of the loss at once instead of both (on_loss). The policy answers through `policy_actions`, all
// of which only enqueue work and messages.
//
// A policy belongs to one group actor. It must finish() every batch: that frees the cache. What a policy can do, and
// what it needs of a run, it declares: nobody asks for its name.
#pragma once

#include "actors/batch_record.hpp"
#include "actors/prediction_gate.hpp"
#include "actors/prediction_quality.hpp"
#include "actors/sample_choice.hpp"
#include "runtime/result.hpp"
#include "runtime/trace/trace_record.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace syngrad {

class state_archive;
struct training_settings;

// What a policy can have its group do.
class policy_actions {
public:
  virtual ~policy_actions() = default;

  // Backward pass with `dy`. With the last of the micro-batches that make an update, one optimizer step with the sum of
  // theirs and of what accumulate() has left, divided by the `terms` of all. Returns the gradient at the group's input;
  // a null tensor where `input_gradient` is false, nobody wants it, or this is the bottom group.
  virtual tensor update(batch_record&, applied_gradient, const tensor& dy, std::int64_t terms, bool input_gradient) = 0;
  // The same in two parts. The first returns the gradient at the group's input and leaves of the parameters' gradients
  // what layers can make later; then the batch waits for on_leisure(), where the second part makes those.
  virtual tensor begin_update(batch_record&, const tensor& dy, bool input_gradient) = 0;
  virtual void complete_update(batch_record&, applied_gradient, std::int64_t terms) = 0;
  // Adds `weight` times the parameter gradient of `dy`, which is used up, to the next update. `dy` is the difference to
  // what update() has had: recurrent layers add nothing of what comes later to it.
  virtual void accumulate(batch_record&, tensor dy, float weight) = 0;
  // One optimizer step with what accumulate() has left, if anything, divided by `terms`: those of micro-batches that
  // have waited for it, where there are any. The group does it itself with those that are left at the end.
  virtual void apply_accumulated(std::int64_t terms) = 0;
  // The gradient at the group's input that belongs to `dy` at its output; null at the bottom group.
  virtual tensor input_gradient(batch_record&, const tensor& dy) = 0;
  virtual tensor difference(const tensor& a, const tensor& b) = 0;
  // share * a + (1 - share) * b
  virtual tensor mixture(const tensor& a, const tensor& b, float share) = 0;
  // Updates of the weights since the batch's forward pass.
  virtual std::int64_t staleness(const batch_record&) const = 0;

  // Of the top group: chooses the samples whose gradients are sent down, given the gradient of the loss.
  virtual void choose_samples(batch_record&, const tensor& loss_gradient, const sample_choice&) = 0;
  // Where gradients of the batch are of chosen samples: their rows of `values`, as `dy` and what is sent down has
  // them from then on. Else `values` itself.
  virtual tensor of_chosen(batch_record&, const tensor& values) = 0;

  // Once for every batch, at the bottom group too (where nothing is sent). Goes as none where it is not wanted.
  virtual void send_down(batch_record&, gradient_kind, tensor values) = 0;
  // Compares the batch's prediction with the gradient received, and trains the predictor with it.
  virtual void train_predictor(batch_record&, gradient_kind, const tensor& received) = 0;
  // The batch is treated as the gate's state says; counted, and in the trace where the state is another than before.
  virtual void passes_gate(batch_record&, gate_state) = 0;
  // The batch needs nothing more.
  virtual void finish(batch_record&) = 0;
};

// What a policy can do, and what it needs of a run. The group and its memory go by this.
struct policy_capabilities {
  bool predicts = false;   // groups below the top have predictors
  bool bootstraps = false; // no chain of true gradients comes down by itself: for audits they then travel apart
  bool passes_on = false;  // what bootstraps may be made of what is received: it comes down the chain, then
  bool needs_every_gradient = true; // it updates with what comes down, or passes it on: none may be left out
  bool needs_targets = true;        // predictors learn from what comes down; else they are such that need nothing
  bool adds_residuals = false;      // what a prediction missed is applied later, as --residual-weight counts it
  bool corrects_some = false;       // of those batches and samples that --correct and --correct-rows say
  bool mixes_targets = false;       // what it sends down is of the gradient received, too, as --target-mix says
  bool judges_predictions = false;  // it goes by how predictions agree with what is received, which is measured then
  bool has_gate = false;            // that decides on predictions, by the bounds of --gate
  bool updates_late = false;        // updates are made with true gradients of weights that have moved on meanwhile
  int micro_batches = 1;            // calls of update(), one for each forward pass, that make one update of weights
  bool stashes_weights = false;     // a backward pass reads the weights of the batch's forward pass (weight stashing:
                                    // Harlap et al., PipeDream, arXiv 1806.03377): a copy is kept for each version
                                    // that batches in flight have seen, and later updates have changed
  bool double_buffers = false;      // with stashes_weights: forward passes read the weights of one update before
                                    // (weight_versions.hpp)
  bool feeds_back_errors = false;   // what a late update got wrong is added to a later one (error_feedback.hpp)
  bool goes_back_late = true;       // backward passes of a batch come after updates that its forward pass has not seen:
                                    // to make that pass again for them (--recompute) takes the weights that it had
  bool cuts_batches = false;        // a batch of the run is cut into the micro-batches of an update, which go up one
                                    // behind the other and have its step in common
  bool needs_no_lag = false;        // what it trains does not depend on when gradients come: where the run is
                                    // deterministic, they are handled when due_by() says so, and as late as that
  bool holds_gradients = false;     // that holds in every run: they are never handled as soon as they come
  bool splits_backward = false;     // it updates in two parts
};

class update_policy {
public:
  virtual ~update_policy() = default;

  virtual policy_capabilities capabilities() const = 0;
  // Whether the batch's turn begins with a prediction; on_turn() then finds it in the record.
  virtual bool predicts(std::uint64_t) const { return capabilities().predicts; }
  // Whether the gradients of this batch that are sent down come from predictions.
  virtual bool bootstraps(std::uint64_t) const { return capabilities().bootstraps; }
  // Whether its turn would train this batch without anything from above.
  virtual bool updates_alone(std::uint64_t batch) const { return predicts(batch); }
  // Whether the gradient of this batch has to come down, wanted or not.
  virtual bool needs_gradient(std::uint64_t) const { return capabilities().needs_every_gradient; }
  // Whether the batch's turn ends only when its own gradient has been handled.
  virtual bool waits_for_gradient(std::uint64_t) const { return false; }
  // The turn of `batch` ends only when gradients through that of this batch have been handled; none: it waits for none.
  // Of group `index` of `count`.
  virtual std::optional<std::uint64_t> due_by(std::uint64_t batch, [[maybe_unused]] int index,
                                              [[maybe_unused]] int count) const {
    return waits_for_gradient(batch) ? std::optional(batch) : std::nullopt;
  }
  // Batches that such a group has at once, from the forward pass until they are finished; 0: as many as credits let in.
  virtual std::int64_t most_in_flight([[maybe_unused]] int index, [[maybe_unused]] int count) const { return 0; }
  // Turns by which gradients are handled late in a deterministic run, for group `index` of `count`.
  virtual int fixed_lag(int index, int count) const = 0;

  virtual void on_turn(policy_actions&, batch_record&) {}
  // `values` is null where `kind` is none.
  virtual void on_gradient(policy_actions&, batch_record&, gradient_kind kind, const tensor& values) = 0;
  // Of the top group: `values` is the gradient of the batch's loss. By default it updates with it, and sends down what
  // it becomes.
  virtual void on_loss(policy_actions&, batch_record&, const tensor& values);
  // Of a batch whose update was begun: the group has nothing else to do, or it is high time, for want of room or
  // because the update of weights is due. In the order of batches.
  virtual void on_leisure(policy_actions&, batch_record&) {}
  // Where it judges predictions: how one of the last agreed with what was received for it. In a deterministic run each
  // is told in a fixed turn, before what that turn handles.
  virtual void on_measured(const prediction_measure&) {}
  // What it has come to know, to be saved and loaded between two batches.
  virtual void keep(state_archive&) {}
  // The stream of batches has ended and every gradient has been handled.
  virtual void on_end(policy_actions&) {}
};

// Update with a gradient that has come down, or with that of the loss, and pass on what it becomes at the input.
void apply_received(policy_actions&, batch_record&, gradient_kind, const tensor& values);

struct known_policy {
  std::string name;
  std::unique_ptr<update_policy> (*make)(const training_settings&);
};
// Makes a policy known to every run that is prepared from now on; not while another thread prepares one. A name that is
// known already is not taken a second time.
status register_policy(known_policy);

// That of a run with these settings; fails naming the known ones. Batches of the warm-up run locked and train the
// predictors.
result<std::unique_ptr<update_policy>> make_update_policy(const training_settings&);

// Of that policy; of an unknown one nothing is true but what it may need.
policy_capabilities capabilities_of(const training_settings&);

// Micro-batches that its policy has each batch of the run cut into; 1: none.
int parts_of_batches(const training_settings&);

} // namespace syngrad
