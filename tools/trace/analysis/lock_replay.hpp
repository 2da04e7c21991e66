// What backpropagation would have cost here: the measured durations of each group's forward pass and of its backward
// pass with the update, replayed with the backward edges restored (one batch in flight; a group waits for the true
// gradient).
//
// A step of the replay is the sum of all groups' passes and of two hops an interface, or what the source needs for a
// batch where that is longer; with one thread the source's time is added. The durations are those of handlers: work
// that a handler leaves to a device is not in them. Memory: 16 bytes a batch and group.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

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
