// A kind of synthetic-gradient model, as the registry knows it: how its name is written and how one is made.
#pragma once

#include "models/synthetic_gradient_model.hpp"

#include <string_view>

namespace syngrad {

struct predictor_request {
  const synthetic_gradient_settings& settings;
  std::string_view argument; // what follows the colon, or empty; it has passed `check`
  predictor_task task;       // without classes where it is not conditioned on labels

  std::int64_t features() const { return task.activation.features(); }
};

struct predictor_kind {
  std::string_view name;   // before the colon
  std::string_view syntax; // "lowrank:R (for example lowrank:32)"
  status (*check)(std::string_view argument);
  synthetic_gradient_size (*size_of)(const predictor_request&); // without making it
  std::unique_ptr<synthetic_gradient_model> (*make)(const predictor_request&, stream& owner, random_source&);
  predictor_needs needs = {};
};

// `check` of a kind that has no argument.
inline status check_no_argument(std::string_view argument) {
  if (argument.empty()) return ok();
  return error::setting("it takes nothing after a ':'");
}

} // namespace syngrad
