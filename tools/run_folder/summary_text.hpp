// The summary of a run: for people a table with a row a group and one last line that says it all, for scripts
// summary.json.
#pragma once

#include "actors/summary.hpp"
#include "tools/devices/device_set.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

// What training sent over the links of a run, as bytes a sample: of all interfaces that cross from one process to
// another.
struct link_traffic {
  double up = 0;    // activations
  double down = 0;  // gradients, credits
  double saved = 0; // what gradients that were left out (--gradients) would have added to `down`
  // Of the interfaces where gradients travelled as factors (--wire rank:R): means of their rank, and of what they were
  // off as a part of their norm, root mean square. 0: none did.
  double rank = 0;
  double error = 0;

  bool any() const { return up > 0 || down > 0; }
  double saved_share() const { return saved > 0 ? saved / (down + saved) : 0; } // of what all gradients take
};

link_traffic traffic_of(const training_summary&);

// The table and its legend. Audit columns only where something was audited.
std::string format_groups(const training_summary&);

// "test error 1.46 %, 6000 steps in 71.2 s, 21,500 samples/s; results in runs/...", and how it ended if not as asked.
std::string format_last_line(const training_summary&, const std::string& folder);

// summary.json. Keys: end, failure; test_METRIC and validation_METRIC for each listed metric of the objective
// (test_error_percent; of a text test_perplexity); final_loss, steps, steps_per_s, samples_per_s, unit and
// units_a_sample (tokens of a text, else samples), data_wait_s and data_wait_share (how long the lowest group waited
// for data, and that in shares of the time of training), wall_s, trained_s (without evaluations), processor_s (of this
// process, all threads), joules (of this machine's processors meanwhile, whoever used them; RAPL), warnings (lines),
// nonfinite_skipped, allocations_while_warm, device_bytes (held from the system, with headroom) and most_bytes_in_use
// (of them at once); classes, the labels that outputs 0, 1, ... stand for, or null where they are these numbers
// themselves; devices, an array of objects with what each device holds; memory, likewise by node for a run over several
// processes; and groups, one object each with every number of the printed table, and with what it holds in memory:
// weight_bytes (with the state of layers), gradient_bytes, moment_bytes, predictor_bytes, and cache_bytes, the most
// that most_in_flight batches kept at once until their gradients had been handled. multiply_adds_per_step are those of
// its forward and backward passes as they were made (again, with --recompute), optimizer_multiply_adds_per_step those
// of an update's products (of muon, whose rarer ones are spread over all steps), predictor_multiply_adds_per_step those
// of predictions, lessons and solves, of --unroll dni too. What was not measured is null.
std::string format_summary_json(const training_summary&, std::span<const device_report> devices = {},
                                std::span<const std::string> class_names = {});

// "finished", "target_reached", "interrupted", "failed", "hung", "time_over"
const char* name_of(run_end);

} // namespace syngrad::tools
