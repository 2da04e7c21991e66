#include "tools/trace/report/axis.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace syngrad::tools {

namespace {

// The least of `leads` times a power of ten that is no less than `value`.
double least_of(double value, std::initializer_list<double> leads) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const auto power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double lead : leads)
    if (value <= lead * power * (1 + 1e-9)) return lead * power;
  return 10 * power;
}

} // namespace

double axis::at(double value) const {
  const auto clamped = std::clamp(value, from, to);
  const auto share = to <= from    ? 0.0
                     : logarithmic ? std::log(clamped / from) / std::log(to / from)
                                   : (clamped - from) / (to - from);
  return begin + share * (end - begin);
}

double round_up(double value) {
  return least_of(value, {1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0});
}

std::vector<double> round_ticks(double from, double to, int most) {
  if (!(to > from) || most < 2) return {from};
  const auto step = least_of((to - from) / (most - 1), {1.0, 2.0, 5.0});
  std::vector<double> ticks;
  const auto first = static_cast<long long>(std::ceil(from / step - 1e-9));
  const auto last = static_cast<long long>(std::floor(to / step + 1e-9));
  for (auto i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::vector<double> power_ticks(double from, double to, int most) {
  const auto first = static_cast<int>(std::ceil(std::log10(from) - 1e-9));
  const auto last = static_cast<int>(std::floor(std::log10(to) + 1e-9));
  const auto step = std::max(1, (last - first + most) / std::max(1, most));
  std::vector<double> ticks;
  for (auto power = first; power <= last; power += step) ticks.push_back(std::pow(10.0, power));
  return ticks;
}

} // namespace syngrad::tools
