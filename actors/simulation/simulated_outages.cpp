#include "actors/simulation/simulated_outages.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace syngrad {

void simulated_outages::add(int process, double at_s, double down_s) {
  const auto begin = [this, process, down_s] {
    begins(process);
    if (std::isfinite(down_s)) machines_.call_at(machines_.now() + down_s, [this, process] { ends(process); });
  };
  machines_.call_at(at_s, begin, true);
}

void simulated_outages::draw(int process, double mean_s, double down_s, random_source random) {
  const auto after_s = -mean_s * std::log1p(-random.uniform());
  const auto begin = [this, process, mean_s, down_s, random] {
    begins(process);
    machines_.call_at(machines_.now() + down_s, [this, process, mean_s, down_s, random] {
      ends(process);
      draw(process, mean_s, down_s, random);
    });
  };
  machines_.call_at(machines_.now() + after_s, begin, true);
}

void simulated_outages::begins(int process) {
  auto& out = all_[static_cast<std::size_t>(process)];
  ++out.failures;
  if (out.causes++ > 0) return;
  out.times.emplace_back(machines_.now(), std::numeric_limits<double>::infinity());
  for (const auto each : stand_for_(process)) machines_.stop(each);
  told_(process, true);
}

void simulated_outages::ends(int process) {
  auto& out = all_[static_cast<std::size_t>(process)];
  if (--out.causes > 0) return;
  out.times.back().second = machines_.now();
  for (const auto each : stand_for_(process)) machines_.resume(each);
  told_(process, false);
}

double simulated_outages::away_s(int process, double until_s) const {
  double sum = 0;
  for (const auto& [from, to] : of(process).times) sum += std::max(0.0, std::min(to, until_s) - from);
  return sum;
}

bool simulated_outages::someone_is_away() const {
  return std::any_of(all_.begin(), all_.end(), [](const outage& each) { return each.causes > 0; });
}

} // namespace syngrad
