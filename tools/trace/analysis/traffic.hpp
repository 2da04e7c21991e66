// Bytes between actors: by interface and message type, and from whom to whom.
#pragma once

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace syngrad::tools {

struct traffic_amount {
  std::int64_t messages = 0;
  std::int64_t bytes = 0; // payload; on the wire where a link's records say so
};

struct traffic {
  std::map<std::pair<std::uint16_t, trace_message>, traffic_amount> by_interface; // only interfaces, not no_interface
  std::map<std::pair<std::uint32_t, std::uint32_t>, traffic_amount> by_pair;      // sender, receiver: everything
  std::int64_t samples = 0; // trained on: batches that reached the loss times the fact "batch_size"; 0: unknown
};

traffic measure_traffic(const trace_run&, const trace_filter&);

} // namespace syngrad::tools
