// The files that a run has open while it goes on. Space for weights and summary is taken when they are made.
//
// One thread at a time.
#pragma once

#include "runtime/io/atomic_file.hpp"
#include "tools/run_folder/metrics_csv.hpp"
#include "tools/run_folder/run_folder.hpp"
#include "tools/run_folder/tensorboard_events.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct recording_plan {
  std::string run_ini; // its text
  std::string model;   // kept with the weights
  int groups = 0;
  std::size_t weight_bytes = 0;              // to reserve; see weights_file.hpp
  std::vector<std::string> class_names = {}; // of each class; empty: its number
  objective_settings objective = {};         // which metrics there will be; it has passed check_settings()
};

double seconds_since_1970();

struct run_files {
  std::optional<atomic_file> weights, summary; // null once written
  metrics_csv metrics;
  tensorboard_events events;
  std::vector<std::string> names; // of those that are not made by commit()

  // Makes every file; on failure nothing stays. `before` (null: nothing): what it has is copied, and not used any more.
  static result<std::unique_ptr<run_files>> create(const run_folder&, const recording_plan&, run_files* before);
  // The folder has another name.
  void follow(const run_folder&);
  // Removes all of them.
  void discard();
};

} // namespace syngrad::tools
