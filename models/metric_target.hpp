// A value of a metric at which a run stops: "error<=2" or "accuracy>=98". Of the loss, too.
#pragma once

#include "models/objective.hpp"

#include <string>

namespace syngrad {

struct metric_target {
  std::string metric = "error";
  bool at_least = false; // else at most
  double value = 0;

  bool is_reached(double loss, const metric_values&) const; // by a NaN: never
  std::string text() const;                                 // "error<=2", as parse() reads it
  bool operator==(const metric_target&) const = default;

  // Fails saying how it is written.
  static result<metric_target> parse(const std::string& text);
};

// Whether the objective has the metric and reaching for it makes sense: a bound that gets better.
status check_target(const metric_target&, const objective&);

} // namespace syngrad
