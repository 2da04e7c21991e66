#include "tools/train/link_advice.hpp"

#include "actors/update_policy.hpp"
#include "tools/distributed/credit_advice.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

struct crossing {
  int interface = 0;
  double delays_s = 0;     // there and back
  double round_trip_s = 0; // with the time that a batch's tensors take
  double passing_s = 0;    // of a batch's tensors, in the direction that takes longer
};

crossing crossing_of(const training_settings& settings, const group_outline& below, int interface, bool sends_down) {
  const auto conditions = settings.link.at(interface);
  const auto bytes = static_cast<double>(settings.batch_size * below.output().elements()) * sizeof(float);
  crossing out{interface, 2 * conditions.mean_delay_s(), 2 * conditions.mean_delay_s(), 0};
  if (conditions.bytes_per_s > 0) out.passing_s = bytes / conditions.bytes_per_s;
  out.round_trip_s += (sends_down ? 2 : 1) * out.passing_s;
  return out;
}

std::string time_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.3g} ms", seconds * 1e3) : fmt::format("{:.3g} s", seconds);
}

std::string rate_text(double per_second) {
  return per_second < 10 ? fmt::format("{:.2g}", per_second) : show_count(std::llround(per_second));
}

// Of the groups, with as many threads as there are.
double compute_s(const training_settings& settings, const std::vector<group_outline>& groups, double flops) {
  const auto threads =
    static_cast<double>(std::min<std::size_t>(static_cast<std::size_t>(settings.threads), groups.size()));
  double sum = 0, longest = 0;
  for (const auto& each : groups) {
    const auto work = each.multiply_adds() + each.predictor_multiply_adds();
    const auto alone = step_time_s(work * static_cast<double>(settings.batch_size), flops / settings.threads);
    sum += alone;
    longest = std::max(longest, alone);
  }
  return std::max(longest, sum / threads);
}

} // namespace

std::vector<std::string> link_advice(const training_settings& settings, const std::vector<group_outline>& groups,
                                     double flops) {
  std::vector<std::string> lines;
  if (!settings.link.is_in_time() || groups.size() < 2) return lines;
  const auto policy = make_update_policy(settings);
  if (!policy) return lines;
  const bool sends_down = (*policy)->capabilities().needs_targets;
  std::vector<crossing> crossings;
  for (std::size_t i = 0; i + 1 < groups.size(); ++i)
    crossings.push_back(crossing_of(settings, groups[i], static_cast<int>(i), sends_down));
  const int parts = parts_of_batches(settings); // of which the last one has to go up and down
  double step_s = compute_s(settings, groups, flops), all_s = 0;
  for (const auto& each : crossings) {
    all_s += each.delays_s + (each.round_trip_s - each.delays_s) / parts;
    if (each.passing_s > step_s)
      lines.push_back(fmt::format("link: at its rate, interface {} passes at most {} batches a second", each.interface,
                                  rate_text(1 / each.passing_s)));
  }
  for (const auto& each : crossings) step_s = std::max(step_s, each.passing_s);
  if ((*policy)->capabilities().cuts_batches ||
      (*policy)->waits_for_gradient(static_cast<std::uint64_t>(settings.warmup_batches))) {
    lines.push_back(
      fmt::format("link: with --policy {} each batch waits for the way up and down again, {}: at most {} steps/s",
                  settings.policy, time_text(all_s), rate_text(1 / (all_s + step_s))));
    return lines;
  }
  if ((*policy)->most_in_flight(0, static_cast<int>(groups.size())) > 0) return lines; // credits do not bound it
  const auto slowest = *std::max_element(crossings.begin(), crossings.end(),
                                         [](const auto& a, const auto& b) { return a.round_trip_s < b.round_trip_s; });
  const auto in_flight = slowest.round_trip_s / step_s + 1;
  if (settings.credits >= in_flight) return lines;
  lines.push_back(fmt::format("link: interface {} takes {} there and back, about {:.0f} batches at {} steps/s: "
                              "--credits {} would keep the groups busy (now {}: at most {} steps/s)",
                              slowest.interface, time_text(slowest.round_trip_s), std::ceil(in_flight),
                              rate_text(1 / step_s), advised_credits(in_flight), settings.credits,
                              rate_text(settings.credits / slowest.round_trip_s)));
  return lines;
}

} // namespace syngrad::tools
