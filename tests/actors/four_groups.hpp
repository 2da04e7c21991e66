// A run small enough for thousands of schedules: four groups on toy data.
#pragma once

#include "actors/settings.hpp"
#include "tests/support/toy_data.hpp"

#include <string>

namespace syngrad::test {

inline const dataset& toy() {
  static const dataset data = make_toy_data(5, 3, 64, 20, 1);
  return data;
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
