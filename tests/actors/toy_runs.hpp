// Runs small enough for thousands of schedules: a few groups on toy data.
#pragma once

#include "actors/settings.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/dropout.hpp"
#include "models/layers/linear.hpp"
#include "models/network.hpp"
#include "tests/support/toy_data.hpp"

#include <string>

namespace syngrad::test {

// For the model mlp:5-4x2-3.
inline training_settings three_groups(const std::string& policy, std::int64_t steps) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 1};
  settings.batch_size = 8;
  settings.steps = steps;
  return settings;
}

// For the model mlp:5-4x3-3.
inline training_settings four_groups(const std::string& policy, std::int64_t steps) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 4;
  settings.steps = steps;
  return settings;
}

// What draws, what moves running statistics, and what is trained, in each of four groups.
inline network drawing_network() {
  network out{"drawing", {{5}}, {}};
  const std::int64_t widths[] = {5, 7, 7, 7, 3};
  for (int i = 0; i < 4; ++i) {
    layer_list unit;
    unit.push_back(std::make_unique<linear>(widths[i], widths[i + 1], true));
    if (i < 3) {
      unit.push_back(std::make_unique<batch_norm>(widths[i + 1], batch_norm::options{.relu = true}));
      unit.push_back(std::make_unique<dropout>(0.2f));
    }
    out.units.push_back(std::move(unit));
  }
  return out;
}

} // namespace syngrad::test
