// The options of `syngrad train`: their variables, and the table that reads, explains and writes them.
#pragma once

#include "actors/settings.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/devices/device_options.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/train/data_options.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad::tools {

struct train_options {
  train_options(); // the defaults

  std::optional<int> groups; // until resolved: one group a unit
  bool even_split = false;   // once resolved: settings.split is by cost, not by hand
  data_options data;
  std::optional<double> epochs;       // until resolved: instead of settings.steps
  std::optional<double> target_error; // until resolved: instead of settings.target
  std::string run;                    // folder; empty: a new one under runs/
  std::string config;
  std::string keep_best = "on"; // on | off
  std::string resume;           // a run's folder, or a checkpoint; empty: a new run
  std::string init;             // a file of weights; empty: they are drawn
  int keep_checkpoints = 3;
  bool quiet = false;
  bool help = false;

  device_choice devices;
  cluster_options cluster;
  run_settings settings;

  // What distribution needs of it; refers to this object.
  cluster_run over_processes() const { return {settings, devices, cluster}; }
};

// The rows refer to `target`, which outlives them.
std::vector<option_group> train_option_table(train_options& target);

// Reads the command line of `syngrad train`, with the pairs of options that exclude each other.
option_reader make_train_option_reader(train_options& target);

// The whole help text, with examples.
std::string train_help(const option_reader&);

} // namespace syngrad::tools
