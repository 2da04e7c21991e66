#include "tools/trace/merge/clock_alignment.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

struct clock_link {
  std::int64_t offset_ns = 0; // the second node's clock minus the first one's
  std::int64_t uncertainty_ns = 0;
  std::size_t pings = 0;
};
using clock_links = std::map<std::pair<std::uint8_t, std::uint8_t>, clock_link>; // in both directions

void take(clock_link& known, std::int64_t offset_ns, std::int64_t uncertainty_ns) {
  if (known.pings == 0 || uncertainty_ns < known.uncertainty_ns) {
    known.offset_ns = offset_ns;
    known.uncertainty_ns = uncertainty_ns;
  }
  ++known.pings;
}

clock_links best_links(std::span<const clock_sample> pings) {
  clock_links found;
  for (const auto& ping : pings) {
    // An answer that took less than no time was recorded wrongly.
    if (ping.node == ping.other || ping.uncertainty_ns() < 0 || ping.t3 < ping.t0 || ping.t2 < ping.t1) continue;
    take(found[{ping.node, ping.other}], ping.offset_ns(), ping.uncertainty_ns());
    take(found[{ping.other, ping.node}], -ping.offset_ns(), ping.uncertainty_ns());
  }
  return found;
}

} // namespace

std::map<std::uint8_t, aligned_clock> align_clocks(const std::vector<std::uint8_t>& nodes,
                                                   std::span<const clock_sample> pings) {
  const auto known = best_links(pings);
  const auto lowest = *std::min_element(nodes.begin(), nodes.end());
  std::map<std::uint8_t, aligned_clock> done, reached{{lowest, {0, 0, lowest, 0}}};
  while (!reached.empty()) { // Dijkstra's shortest paths; there are few nodes
    const auto next = std::min_element(reached.begin(), reached.end(), [](const auto& a, const auto& b) {
      return a.second.uncertainty_ns < b.second.uncertainty_ns;
    });
    const auto [node, clock] = *next;
    reached.erase(next);
    done[node] = clock;
    for (const auto& [ends, link] : known) {
      const auto other = ends.second;
      if (ends.first != node || done.contains(other)) continue;
      const aligned_clock way{clock.offset_ns + link.offset_ns, clock.uncertainty_ns + link.uncertainty_ns, node,
                              link.pings};
      const auto before = reached.find(other);
      if (before == reached.end() || way.uncertainty_ns < before->second.uncertainty_ns) reached[other] = way;
    }
  }
  return done;
}

} // namespace syngrad::tools
