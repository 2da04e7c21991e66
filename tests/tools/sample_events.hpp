// The events of the golden file, which the test against Python's tensorboard package reads too.
#pragma once

#include "tools/run_folder/metrics_files.hpp"

#include <cmath>
#include <string>

namespace syngrad::test {

inline status write_sample_events(const std::string& path) {
  auto events = tools::tensorboard_events::create(path, 1.0e9);
  if (!events) return events.failure();
  for (int i = 1; i <= 3; ++i) {
    const std::vector<tools::scalar> scalars{{"loss/test", 1.0 / i},
                                             {"error_percent/test", 10.0 - i},
                                             {"cosine/interface_0", i == 1 ? std::nan("") : 0.25 * i}};
    if (auto done = events->append(1.0e9 + 10 * i, 100 * i, scalars); !done) return done;
  }
  return ok();
}

} // namespace syngrad::test
