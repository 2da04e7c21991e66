// What a run reports, while it runs (progress, evaluation) and at its end (summary), and to whom.
#pragma once

#include "models/metric.hpp"
#include "runtime/sample_spec.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace syngrad {

struct saved_run;

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

// What first went wrong at the interface above a group.
struct interface_fault {
  enum class kind : std::uint8_t { none, small_predictions, large_predictions, activation } what = kind::none;
  std::int64_t step = 0; // of the run's schedule
  double norm_ratio = 0; // |predicted| / |received| then; not of an activation, which was not finite
};

// What the gate above a group made of its batches. All 0: there is no gate.
struct gate_report {
  std::int64_t predicting = 0, correcting = 0, waiting = 0; // batches
  std::int64_t turns = 0;                                   // from one of these to another

  bool any() const { return predicting + correcting + waiting > 0; }
};

// Of one group, over the run so far. Shares are of the group's time: they add up to at most 1.
struct group_report {
  int group = 0;
  std::string layers; // "0-1": units
  std::int64_t updates = 0;
  std::int64_t clipped = 0;   // of them: with a gradient that --clip-norm made smaller
  double busy = 0;            // share of the time in handlers
  double starved = 0;         // share waiting for input: activation, prediction or gradient
  double blocked = 0;         // share waiting for credit from above
  double staleness = 0;       // mean updates between a gradient's forward pass and its application
  double cosine = 0;          // between synthetic and received gradient, mean since the last report; NaN: not measured
  double norm_ratio = 0;      // |synthetic| / |received|; NaN: not measured
  double residual_weight = 0; // mean over its corrections; NaN: there was none
  gate_report gate;
  double activation_rms = 0; // root mean square of what was sent up, a mean like that of the cosine; NaN: not measured
  interface_fault fault;
  double audit_cosine = 0; // between what was applied and the true gradient, on audited batches; NaN: none
  double audit_norm_ratio = 0;
  double audit_bias = 0; // |mean of (applied - true)| / root mean square of true, over rows; NaN: none
  std::int64_t parameters = 0;
  std::int64_t predictor_parameters = 0;
  double multiply_adds = 0;           // a step, of forward and backward passes, those made again among them
  double optimizer_multiply_adds = 0; // a step, of its products
  double predictor_multiply_adds = 0; // a step, of its predictions, lessons and solves, and of --unroll dni
  double predictor_share = 0;         // of all these multiply-adds
  std::int64_t dropped_targets = 0;
  std::uint64_t weight_bytes = 0; // of memory: weights, and what layers have beside them
  std::uint64_t gradient_bytes = 0;
  std::uint64_t moment_bytes = 0;    // of the optimizer
  std::uint64_t predictor_bytes = 0; // likewise all of it, and of --unroll dni
  std::uint64_t cache_bytes = 0;     // the most that batches in flight kept at once between their passes
  std::int64_t most_in_flight = 0;   // batches, at once
  // Over links, where a neighbour is in another process; of training alone. 0 where there is no link.
  std::int64_t samples = 0;          // that the group has trained on
  std::int64_t bytes_from_below = 0; // activations
  std::int64_t bytes_from_above = 0; // gradients, credits
  std::int64_t bytes_saved = 0;      // what gradients that were not wanted would have added to those from above
  double gradient_rank = 0;          // mean rank of gradients that came from above as factors (--wire); 0: none did
  double gradient_error = 0;         // what those were off, root mean square over all, as a part of their norm
  std::int64_t alone = 0;            // batches that ended here while the network above was away; of `updates`
};

struct progress_report {
  std::int64_t step = 0;
  std::int64_t steps = 0;
  double loss = 0; // running mean over recent batches
  double samples_per_s = 0;
  counted_unit unit; // in which rates are shown
  double eta_s = 0;
  metric_values metrics; // of the last evaluation; NaN before the first
  double busy = 0;       // mean over the groups
};

struct evaluation_report {
  std::int64_t step = 0;
  double wall_s = 0;     // since the start of training
  double trained_s = 0;  // of that, without evaluations
  double train_loss = 0; // mean since the last evaluation
  double loss = 0;
  metric_values metrics;
  double samples_per_s = 0;
  counted_unit unit;
  bool on_validation = false;
  std::vector<group_report> groups;
};

// A group whose weights cannot be saved.
struct lost_group {
  int group = 0;
  std::string layers; // "0-1": units
  std::string device; // "cuda:0"
  std::string why;
};

// What a device of one process of a run over several holds from its system at the end. It gives back little before, so
// that is about the most it ever held.
struct held_memory {
  std::string node;   // the process's name
  std::string device; // "cpu", "cuda:0"
  std::uint64_t bytes = 0;
  std::uint64_t pinned_bytes = 0; // 0 where the device's own memory is the host's
};

// What a run tells while it runs. Any callback may be empty.
struct training_observer {
  std::function<void(const progress_report&)> on_progress; // about every `progress_interval_s`
  std::function<void(const evaluation_report&)> on_evaluation;
  std::function<void(const std::string&)> on_notice; // a line for the user: warnings, the dump of a hang
  // The state of the run between two batches, each time one was saved, and why one could not be. On a thread of the
  // actor system, which waits meanwhile. What it was given lies in memory of the run's devices.
  std::function<void(std::shared_ptr<const saved_run>)> on_checkpoint = {};
  std::function<void(const std::string&)> on_checkpoint_failed = {};
  double progress_interval_s = 1;
};

enum class run_end { finished, target_reached, interrupted, failed, hung, time_over };

// As it was asked.
inline bool ended_well(run_end end) {
  return end == run_end::finished || end == run_end::target_reached || end == run_end::time_over;
}

struct training_summary {
  run_end end = run_end::finished;
  std::string failure; // one line, where it failed or hung
  std::int64_t steps = 0;
  double wall_s = 0;      // training and evaluations, without set-up
  double trained_s = 0;   // of that, from the first batch to the last one, without evaluations
  double steps_per_s = 0; // of the training alone
  double samples_per_s = 0;
  counted_unit unit;
  double data_wait_s = 0; // the lowest group had nothing else to do than to wait for batches to be read and prepared
  double data_wait_share = 0; // of the time of training
  double final_loss = 0;
  metric_values test;                       // NaN, or none, where the run ended before they could be measured
  metric_values validation;                 // likewise, and without validation
  std::int64_t nonfinite_skipped = 0;       // batches
  std::uint64_t allocations_while_warm = 0; // device memory allocations after the first evaluation or 200 batches
  double processor_s = not_measured;        // of this process, all threads, while it trained and evaluated
  double joules = not_measured;             // of this machine's processors meanwhile, whoever used them
  std::uint64_t device_bytes = 0;           // of all devices, in all processes
  std::uint64_t most_bytes_in_use = 0;      // of this process's devices, the most that was in use at once
  std::vector<held_memory> memory; // of a run over several processes, by name of node; of a dead one nothing is known
  std::vector<group_report> groups;
  std::vector<lost_group> lost_groups; // those on a device that has failed; `failure` names them, too
  std::vector<std::string> warnings;   // what went wrong without ending the run, a line each, as on_notice was told
};

} // namespace syngrad
