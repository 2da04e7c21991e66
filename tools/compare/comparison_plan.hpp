// What `syngrad compare` is asked for, as axes with values and the runs that they span. Pure: touches no file.
//
// What is compared is a value of an axis: a policy, perhaps with an optimizer and more of its own; a delay of all
// links; a number of groups; a value of any other option of `train`; a seed. Each value says with which options of
// `train` a run has it. Options with one value are common to all runs.
#pragma once

#include "runtime/result.hpp"
#include "tools/train/train_options.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// "--lr 1e-3", or "--deterministic" with an empty value.
struct train_argument {
  std::string option, value;

  friend bool operator==(const train_argument&, const train_argument&) = default;
};

struct compared_value {
  std::string name; // "delayed+muon", "10 ms", "0.001"
  std::vector<train_argument> options;
  std::optional<double> number; // of a delay: in its unit
};

struct comparison_axis {
  std::string name; // "policy", "link", "seed", or that of an option
  std::string unit; // of its values' numbers: "ms", "batches"; empty: they have none
  std::vector<compared_value> values;
};

struct planned_run {
  std::string folder;                 // in the comparison's own: what it differs in, "delayed+muon,link=10ms,seed=1"
  std::vector<std::size_t> at;        // which value of each axis
  std::vector<std::string> arguments; // of `syngrad train`, but for where its results go
};

struct comparison_plan {
  std::vector<comparison_axis> axes; // the policy's is the first, the seed's the last
  std::vector<train_argument> common;
  std::optional<double> time_limit_s;
  std::optional<metric_target> target;

  // All seeds of a run are apart: those of the first seed come first, so that there is something to see early.
  std::vector<planned_run> runs() const;
  std::size_t configurations() const; // runs of one seed
};

// What the command line says, beside options of `train`.
struct comparison_request {
  std::string policies = "locked,pipeline,delayed,synthetic,corrected,gated,local";
  std::string links;
  int seeds = 3;
  std::string until;                 // "120s", "5m"; empty: no limit
  std::vector<std::string> vary;     // NAME=A|B
  std::vector<train_argument> given; // options of `train`, as they were given
};

// Fails with the option at fault: each value is tried on the options of `train` by itself.
//
// A value that `train` takes as it is, is one; another is a list with commas: 1e-3,3e-4 is, 0.9,0.95 of --betas is not.
result<comparison_plan> plan_comparison(const comparison_request&);

} // namespace syngrad::tools
