// What the runs of a comparison have reached, by configuration: what they differ in beside the seed. Pure.
#pragma once

#include "tools/compare/comparison_plan.hpp"
#include "tools/compare/run_result.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

// Of several seeds. NaN where there is no number.
struct seed_spread {
  double median = no_number, least = no_number, most = no_number;

  bool any() const { return median == median; }
};

// What is no number counts as more than any: where that is so for half of them, there is no median.
seed_spread spread_of(std::vector<double> values);

struct configuration {
  std::vector<std::size_t> at;  // which value of each axis but the seed's
  std::string name;             // "delayed+muon, 10 ms, 4 groups"
  std::vector<run_result> runs; // by seed

  std::vector<run_result> with_numbers() const;
  template <class Of>
  seed_spread of(Of number) const {
    std::vector<double> values;
    for (const auto& each : with_numbers()) values.push_back(number(each));
    return spread_of(std::move(values));
  }
};

struct comparison_results {
  comparison_plan plan;
  std::vector<planned_run> runs;
  std::vector<configuration> configurations; // in the order of runs of one seed
  std::string metric_name;                   // "error_percent"; empty: no run has ended yet

  // Results in the order of plan.runs().
  comparison_results(comparison_plan, std::vector<run_result>);

  std::size_t axis_named(const std::string& name) const; // the number of axes where there is none
  std::string metric_unit() const { return metric_name.ends_with("_percent") ? "%" : ""; }
  std::string metric_text() const; // for people: "error"

  const run_result& result_of(std::size_t run) const {
    return configurations[run % configurations.size()].runs[run / configurations.size()];
  }
  std::size_t count(run_result::standing) const;

  // Seconds of training to the target of the plan; where it has none, to level().
  seed_spread time_to_target(const configuration&) const;
  // The best that every configuration which has numbers has reached with more than half of its seeds, over the first of
  // the links where they differ: what time to target is measured to where the plan has no target. NaN: there is none.
  double level() const;
  std::string target_text() const;   // "error<=3", "error<=4.12 %"; empty: none
  std::string target_source() const; // of level(): ", which all have reached over links of 0 ms"; empty: of the plan
};

// The metric of a configuration over seconds of training, at up to `count` evenly spaced times, the last look at each:
// as long as at least half of the seeds go on.
struct metric_at {
  double trained_s = 0;
  seed_spread metric;
};
std::vector<metric_at> metric_over_time(const configuration&, int count);

// A row for each run, with what it differs in, how it ended, and all its numbers.
std::string format_runs_csv(const comparison_results&);

} // namespace syngrad::tools
