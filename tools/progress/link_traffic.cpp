#include "tools/progress/link_traffic.hpp"

namespace syngrad::tools {

link_traffic traffic_of(const training_summary& summary) {
  link_traffic out;
  for (const auto& group : summary.groups) {
    if (group.samples == 0) continue;
    const auto a_sample = [&](std::int64_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(group.samples);
    };
    out.up += a_sample(group.bytes_from_below);
    out.down += a_sample(group.bytes_from_above);
    out.saved += a_sample(group.bytes_saved);
  }
  return out;
}

} // namespace syngrad::tools
