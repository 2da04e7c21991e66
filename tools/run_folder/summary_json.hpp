// summary.json: the summary of a run for scripts. Keys: end, failure; test_METRIC and validation_METRIC for each
// listed metric of the objective (test_error_percent);
// final_loss, steps, steps_per_s, samples_per_s, wall_s, nonfinite_skipped, allocations_while_warm, device_bytes;
// classes, the labels that outputs 0, 1, ... stand for, or null where they are these numbers themselves;
// devices, an array of objects with what each device holds; memory, likewise by node for a run over several processes;
// and groups, one with every number that the printed table
// has. What was not measured is null.
#pragma once

#include "actors/summary.hpp"
#include "tools/devices/device_report.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

std::string format_summary_json(const training_summary&, std::span<const device_report> devices = {},
                                std::span<const std::string> class_names = {});

// "finished", "target_reached", "interrupted", "failed", "hung"
const char* name_of(run_end);

} // namespace syngrad::tools
