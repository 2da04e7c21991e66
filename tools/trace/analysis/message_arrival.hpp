// Where and when a message arrives: with its send, in one process; with its `enqueue`, where a link delivered it.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <cstdint>

namespace syngrad::tools {

struct message_arrival {
  bool arrives = false;
  std::uint32_t receiver = 0;
};

inline message_arrival arrival_of(const trace_record& record) {
  if (record.message == 0) return {}; // only handling is recorded of such
  if (record.kind == record_kind::enqueue) return {true, record.actor};
  const bool near = record.kind == record_kind::send && node_of(record.actor) == node_of(record.peer);
  return {near, record.peer};
}

} // namespace syngrad::tools
