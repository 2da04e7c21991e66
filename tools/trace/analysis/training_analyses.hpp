// What a trace tells of the training: each analysis is one pass in bounded memory.
#pragma once

#include "actors/interface_watch.hpp"
#include "actors/prediction_gate.hpp"
#include "runtime/sample_spec.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace syngrad::tools {

// How well synthetic gradients agree with what was received, and with the true ones of audited batches; how large what
// passes an interface is.

struct quality_series {
  std::int64_t count = 0;
  double mean = 0, deviation = 0, least = 0; // NaN where there is none
  std::vector<float> over_time;              // mean in each bucket; NaN: none
};

// From this batch on the gate of an interface had this state.
struct gate_turn {
  std::uint32_t batch = 0;
  gate_state state = gate_state::waiting;
};

struct gradient_quality {
  std::uint16_t interface = 0;
  quality_series cosine, norm_ratio;                         // against the gradient received
  quality_series audit_cosine, audit_norm_ratio, audit_bias; // against the true one
  quality_series activation_rms;                             // of what was sent up
  std::vector<gate_turn> gate;                               // the first is how it began; empty: there is no gate
  std::int64_t batches = 0;                                  // after the latest that anything was measured of
  interface_fault sizes;                                     // of predictions; its step is a batch
  bool suspicious = false; // the mean cosine of the last tenth of the run is not above zero
};

struct gradient_qualities {
  std::int64_t begin_ns = 0, bucket_ns = 0;
  std::vector<gradient_quality> interfaces; // bottom to top; those with any measure
};

gradient_qualities measure_gradients(const trace_run&, const trace_filter&, int buckets = 60);

// How old gradients are when they move weights: in weight versions (metric records), in batches (batches that the group
// had begun meanwhile) and in time (from the batch's forward pass to its update).

struct staleness_of_group {
  std::uint32_t actor = 0;
  std::string name;
  std::uint16_t interface = no_interface; // above the group
  std::int64_t updates = 0;
  double mean_versions = 0, largest_versions = 0;
  std::map<std::int64_t, std::int64_t> versions; // histogram: versions -> updates
  double mean_batches = 0;
  log_histogram age;                     // ns
  std::vector<float> versions_over_time; // mean in each bucket; NaN: none
};

struct staleness_result {
  std::int64_t begin_ns = 0, bucket_ns = 0;
  std::vector<staleness_of_group> groups; // bottom to top
};

staleness_result measure_staleness(const trace_run&, const trace_filter&, int buckets = 60);

// Bytes between actors: by interface and message type, and from whom to whom.

// In what a run's data is counted, by its facts.
counted_unit unit_of(const trace_names&);

struct traffic_amount {
  std::int64_t messages = 0;
  std::int64_t bytes = 0;          // payload; on the wire where a link's records say so
  std::int64_t training_bytes = 0; // of them: of batches that are trained on
};

struct traffic {
  std::map<std::pair<std::uint16_t, trace_message>, traffic_amount> by_interface; // only interfaces, not no_interface
  std::map<std::pair<std::uint32_t, std::uint32_t>, traffic_amount> by_pair;      // sender, receiver: everything
  std::int64_t counted = 0; // trained on, in `unit`: batches that reached the loss times the facts "batch_size" and
                            // "units_a_sample"; 0: unknown
  counted_unit unit;
};

traffic measure_traffic(const trace_run&, const trace_filter&);

// What backpropagation would have cost here: the measured durations of each group's forward pass and of its backward
// pass with the update, replayed with the backward edges restored (one batch in flight; a group waits for the true
// gradient).
//
// A step of the replay is the sum of all groups' passes and of two hops an interface, or what the source needs for a
// batch where that is longer; with one thread the source's time is added. The durations are those of handlers: work
// that a handler leaves to a device is not in them. Memory: 16 bytes a batch and group.

struct group_durations {
  std::uint32_t actor = 0;
  std::string name;
  double forward_ns = 0;  // median over batches; 0 at the top, where the forward pass and the loss are in backward_ns
  double backward_ns = 0; // median, of backward and update (with the gradient at the input)
};

struct lock_replay {
  std::vector<group_durations> groups; // bottom to top
  double source_ns = 0;                // median, to make a batch
  double hop_ns = 0;            // median, from a send to its handling where nothing was in its way (hop_times.hpp)
  std::int64_t batches = 0;     // trained in the trace
  double measured_ns = 0;       // a batch, in the real run: time of training over batches
  double median_step_ns = 0;    // median time between updates of the top group: what a locked run, which is
                                // steady, takes for a batch when nobody else wants the processor
  double locked_ns = 0;         // a batch, replayed
  bool has_device_work = false; // gpu records: the durations leave that out
  double avoided_ns() const { return locked_ns - measured_ns; } // of update lock, a batch
};

// Fails where no batch was traced from the source to the top.
result<lock_replay> replay_locked(const trace_run&, const trace_filter&);

} // namespace syngrad::tools
