// A run through the public interface, on real threads.
#pragma once

#include "actors/training.hpp"

#include <string>
#include <vector>

namespace syngrad::test {

struct threaded_result {
  training_summary summary;
  std::vector<float> weights;
  std::vector<evaluation_report> evaluations;
  std::vector<std::string> notices;
};

// Throws std::invalid_argument where the settings are refused. `started` (may be empty) gets the training before it
// runs, for interrupt().
threaded_result run_threaded(training_settings, const std::string& model, const dataset&, device&,
                             const std::function<void(training&)>& started = {});
threaded_result run_threaded(training_settings, network, const dataset&, device&,
                             const std::function<void(training&)>& started = {});

} // namespace syngrad::test
