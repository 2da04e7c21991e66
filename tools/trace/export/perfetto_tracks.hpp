// The tracks of an exported trace: a process for each node, a thread for each actor, a track for each stream, and a
// counter for each quantity of an actor. Each is described when it is asked for first. One thread at a time.
#pragma once

#include "runtime/trace/trace_names.hpp"
#include "tools/trace/export/perfetto_packets.hpp"

#include <set>

namespace syngrad::tools {

class perfetto_tracks {
public:
  perfetto_tracks(perfetto_packets& packets, const trace_names& names) : packets_(&packets), names_(&names) {}

  std::uint64_t process(std::uint8_t node);
  std::uint64_t actor(std::uint32_t id);
  std::uint64_t stream(const trace_record& work);
  // `number`: of the quantity, any; `what`: its name, such as "queue depth".
  std::uint64_t counter(std::uint32_t actor, std::uint8_t number, const std::string& what);

private:
  bool is_new(std::uint64_t track) { return described_.insert(track).second; }

  perfetto_packets* packets_;
  const trace_names* names_;
  std::set<std::uint64_t> described_;
};

} // namespace syngrad::tools
