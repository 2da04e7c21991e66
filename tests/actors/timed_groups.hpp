// The groups of a run without actors and threads, on a clock of their own: what they really do, in the order that they
// choose, in time that a test says each pass takes. A worker does the work of its groups one message after the other,
// in the order in which they came; it does nothing else, and messages take a fixed time.
#pragma once

#include "actors/settings.hpp"

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace syngrad::test {

struct timed_setup {
  training_settings settings; // policy and what it takes; `split` says how many groups there are
  double forward = 1, input_gradient = 1, parameter_gradient = 1; // of a micro-batch in a group
  double hop = 0;                                                 // of a message between groups
  std::vector<int> worker_of;                                     // of each group; empty: each has its own
};

struct timed_result {
  std::int64_t updates = 0;                 // of the lowest group
  double a_step = 0;                        // from the beginning of one to that of the next, in the middle of the run
  std::vector<double> idle;                 // of each worker, share of that time
  std::vector<std::int64_t> most_in_flight; // of each group
  std::vector<std::vector<char>> passes;    // of each group, in its order: F(orward), B(ackward), W(eights)

  double mean_idle() const { return std::accumulate(idle.begin(), idle.end(), 0.0) / static_cast<double>(idle.size()); }
};

timed_result run_timed(const timed_setup&);

// `workers` workers with as many groups each as the schedule says; every pass takes as long as the others.
timed_setup timed_pipeline(const std::string& schedule, int workers, std::int64_t micro_batches,
                           std::int64_t steps = 12);

// What the papers say that a worker waits for in a pipeline, as a share of its time: for W workers of V groups
// (W - 1) / V passes of all kinds through a worker's groups, or, where parameters' gradients fill it, (W - 1) (F + B -
// W) or (W - 1) (F + B - 2 W).
double idle_by_formula(const timed_setup&);

} // namespace syngrad::test
