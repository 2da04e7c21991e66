#include "tools/distributed/credit_advice.hpp"

#include "actors/settings.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace syngrad::tools {

namespace {

constexpr double slow_round_trip_s = 5e-3; // less is a busy machine's, which more batches in flight do not help

const placeable_node* node_of_flow(const planned_flow& flow, std::uint8_t node) {
  const auto found =
    std::find_if(flow.nodes.begin(), flow.nodes.end(), [&](const auto& each) { return each.node == node; });
  return found == flow.nodes.end() ? nullptr : &*found;
}

double compute_s(const planned_flow& flow, const placeable_node& node) {
  double seconds = 0;
  for (std::size_t i = 0; i < flow.groups.size(); ++i)
    if (flow.places[i].node == node.node)
      seconds += step_time_s(flow.groups[i].multiply_adds * static_cast<double>(flow.batch), node.flops);
  return seconds;
}

} // namespace

int advised_credits(double in_flight) {
  constexpr double headroom = 2; // credits come in bursts, and who measures on a busy machine finds too low a rate
  return static_cast<int>(
    std::bit_ceil(static_cast<std::uint32_t>(std::min<double>(std::ceil(in_flight * headroom), most_credits))));
}

double step_time_s(double multiply_adds, double flops) {
  constexpr double share_of_products = 0.8; // of a step's time in them, at best: tests/bench/results/speed.md
  constexpr double handling_s = 100e-6;     // of a batch in a group, beside its products
  return handling_s + multiply_adds / (share_of_products * flops);
}

flow_estimate estimate_flow(const planned_flow& flow) {
  flow_estimate out;
  double step_s = 0;
  for (const auto& node : flow.nodes) step_s = std::max(step_s, compute_s(flow, node));
  for (std::size_t i = 0; i < flow.groups.size(); ++i) {
    const auto below = i == 0 ? std::uint8_t{0} : flow.places[i - 1].node, above = flow.places[i].node;
    if (below == above) continue;
    const auto one_way = flow.groups[i].bytes_below / 2 * static_cast<double>(flow.batch);
    for (const auto* end : {node_of_flow(flow, below), node_of_flow(flow, above)}) {
      if (!end) continue;
      out.round_trip_s = std::max(out.round_trip_s, end->round_trip_s);
      if (end->bytes_per_second > 0) step_s = std::max(step_s, one_way / end->bytes_per_second);
    }
  }
  out.steps_per_s = step_s > 0 ? 1 / step_s : 0;
  return out;
}

std::optional<std::string> credit_advice(const planned_flow& flow) {
  const auto found = estimate_flow(flow);
  if (found.round_trip_s < slow_round_trip_s || flow.credits >= found.in_flight()) return std::nullopt;
  char text[200];
  std::snprintf(text, sizeof text,
                "links take %.0f ms there and back, about %.0f batches at %.0f steps/s: --credits %d would keep the "
                "nodes busy (now %d)",
                found.round_trip_s * 1e3, std::ceil(found.in_flight()), found.steps_per_s,
                advised_credits(found.in_flight()), flow.credits);
  return text;
}

} // namespace syngrad::tools
