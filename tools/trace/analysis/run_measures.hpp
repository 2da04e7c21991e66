// What two runs are compared by: rates, shares, waits, ages and agreement, each as its values in stretches of time of
// one length, from the first update of any weights to the last.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct run_measure {
  std::string name;           // "queue p99, activation"
  std::string unit;           // "us"
  std::vector<double> values; // of the stretches in which there is any
};

// Always in the same order: steps, busy shares, waits and handlers by message type, staleness, cosine, bytes. Empty
// where no weights were updated. Reads the trace twice.
std::vector<run_measure> measure_run(const trace_run&, const trace_filter&, int stretches);

} // namespace syngrad::tools
