// How a run would go on machines that are not there: groups, predictors and policies are the run's own, without actors
// and threads, on simulated machines. Each pass takes the time of its multiply-adds, each message that of its bytes.
//
// What is computed means nothing: tensors have two features. So whatever a run decides by what it measures of gradients
// is decided by chance here (--gradients above:ERROR); what it decides by numbers, by turns or by what has come is not.
#pragma once

#include "actors/settings.hpp"
#include "actors/simulation/simulated_machines.hpp"
#include "actors/simulation/simulated_trace.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace syngrad {

// Multiply-adds of a batch, and bytes of its tensors at the output.
struct group_work {
  double forward = 0, input_gradient = 0, parameter_gradient = 0;
  double update = 0;
  double predict = 0, train_predictor = 0; // of the predictor above
  std::uint64_t bytes_up = 0, bytes_down = 0;
};

// A process is away: as if it stood still, with what it has, while others hear of it at once.
struct simulated_failure {
  int process = 0;
  double at_s = 0;
  double down_s = 0; // infinity: it never comes back
};

struct simulated_setup {
  training_settings settings; // policy, steps and credits among them; a group for each of `groups`
  std::vector<group_work> groups;
  std::vector<simulated_process> processes;
  std::vector<int> process_of;        // of each group; predictors are with their groups, the source with the lowest
  std::vector<link_conditions> links; // of each interface between groups; empty: they lie beside each other
  crossing_cost crossing;             // of messages between processes, done beside the threads of each
  std::vector<int> cores;             // see simulated_machines
  std::vector<simulated_failure> failures;
  double mtbf_s = 0, down_s = 0; // of each process: mean time between failures that are drawn; 0: there are none
  double handling_s = 1.5e-5;    // of any message: about what an actor's takes on a CPU
};

struct simulated_group {
  std::int64_t updates = 0, most_in_flight = 0, dropped_targets = 0;
  std::int64_t alone = 0;                            // batches that ended here: what is above was away
  double staleness = 0;                              // as in group_report
  double bytes_up_a_step = 0, bytes_down_a_step = 0; // over the interface above
};

struct simulated_run {
  std::int64_t steps = 0;           // that were simulated, and reached the loss
  bool is_cut_short = false;        // by a process that never came back: nothing went on any more
  double seconds = 0;               // from the first batch to the loss of the last
  double step_s = 0;                // from loss to loss in the middle half of them
  std::vector<double> busy;         // of each process: share of the time of its threads
  std::vector<double> network_busy; // likewise: share of the time that it works for its network
  std::vector<int> failures;        // of each process
  std::vector<double> away_s;       // likewise, until the last batch
  std::vector<simulated_group> groups;

  // Of a longer run: the rest as in the middle half.
  double seconds_of(std::int64_t of_steps) const { return seconds + static_cast<double>(of_steps - steps) * step_s; }
};

// Settings and group_work of a network fit each other. Throws std::logic_error where groups wait for each other and
// nothing will come: says who waits for what.
//
// `make_trace` is asked once, before the first message, and told who the actors are; what it returns outlives the call.
// Null, or nothing: there is no trace.
using trace_maker = std::function<simulated_trace*(const std::vector<trace_names::actor>&)>;
simulated_run simulate(const simulated_setup&, const trace_maker& make_trace = {});

} // namespace syngrad
