// The few numbers of a run's summary.json that a report opens with.
#pragma once

#include <limits>
#include <string>

namespace syngrad::tools {

struct run_summary {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  std::string end;              // "finished", "interrupted", ...; empty: unknown
  std::string metric;           // that judges, as its column: "error_percent"; empty: unknown
  double test_metric = unknown; // on the test set
  double samples_per_s = unknown, wall_s = unknown, steps = unknown;
};

// What cannot be read, or is not there, stays unknown: a report is made of a killed run, too.
run_summary read_run_summary(const std::string& path);

} // namespace syngrad::tools
