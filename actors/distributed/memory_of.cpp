#include "actors/distributed/memory_of.hpp"

#include "runtime/memory_pool.hpp"

#include <algorithm>

namespace syngrad {

std::vector<held_memory> memory_of(const std::vector<device*>& devices) {
  std::vector<held_memory> rows;
  std::vector<const device*> counted;
  for (auto* each : devices) {
    if (std::find(counted.begin(), counted.end(), each) != counted.end()) continue;
    counted.push_back(each);
    auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& known) { return known.device == each->name(); });
    if (row == rows.end()) row = rows.insert(rows.end(), {"", each->name(), 0, 0});
    row->bytes += each->memory().counters().bytes;
    if (!each->host_reads_memory()) row->pinned_bytes += each->host_visible_memory().counters().bytes;
  }
  return rows;
}

} // namespace syngrad
