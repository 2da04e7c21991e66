// The objectives of this folder, each in the file of its name; the registry in models/objective.cpp has a line for
// each.
#pragma once

#include "models/objective.hpp"

namespace syngrad {

result<std::unique_ptr<objective>> make_cross_entropy(const objective_settings&);
result<std::unique_ptr<objective>> make_mean_squared_error(const objective_settings&);

} // namespace syngrad
