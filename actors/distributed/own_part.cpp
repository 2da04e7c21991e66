#include "actors/distributed/own_part.hpp"

#include "actors/observed_actor.hpp"
#include "runtime/memory_pool.hpp"

#include <algorithm>

namespace syngrad {

std::vector<std::string> stop_actors(caf::actor_system& system, const std::vector<caf::actor>& actors,
                                     std::chrono::milliseconds patience) {
  caf::scoped_actor self(system);
  std::vector<caf::actor> alive = actors;
  for (const auto& each : actors) {
    self->monitor(each);
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!alive.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() < 0) break;
    self->receive(
      [&](const caf::down_msg& down) {
        std::erase_if(alive, [&](const caf::actor& each) { return each.address() == down.source; });
      },
      caf::after(left) >> [] {});
  }
  std::vector<std::string> names;
  for (const auto& each : alive) names.push_back(title_of(each));
  return names;
}

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
