// Runs small enough for thousands of schedules: a few groups on toy data.
#pragma once

#include "actors/settings.hpp"
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

} // namespace syngrad::test
