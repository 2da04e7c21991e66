// What a run is judged by: named numbers with a unit and a direction. Plain values.
#pragma once

#include "runtime/result.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

struct metric {
  std::string name;   // "error": in lines for people, and in --target
  std::string unit;   // "%"; empty: none
  std::string column; // "error_percent": in files
  bool lower_is_better = true;
  bool listed = true; // a column and a curve of its own; else it is there for --target
};

struct metric_value {
  metric of;
  double value = std::numeric_limits<double>::quiet_NaN();
};

// The metrics of one evaluation, the one that judges first; or of none, with values that are NaN.
class metric_values {
public:
  metric_values() = default;
  explicit metric_values(std::vector<metric_value> all) : all_(std::move(all)) {}

  // NaN where there is none of that name, or it was not measured.
  double operator[](std::string_view name) const {
    for (const auto& each : all_)
      if (each.of.name == name) return each.value;
    return std::numeric_limits<double>::quiet_NaN();
  }
  bool empty() const { return all_.empty(); }
  const metric_value& judge() const { return all_.front(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

private:
  std::vector<metric_value> all_;
};

// A value of a metric at which a run stops: "error<=2" or "accuracy>=98". Of the loss, too.
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

} // namespace syngrad
