// A four-timestamp ping between the clocks of two nodes, as one record.
//
// This node sends at t0, the other receives at t1 and answers at t2 (its clock), the answer is here at t3. The other
// clock is ahead by ((t1 - t0) + (t2 - t3)) / 2, give or take half the round trip ((t3 - t0) - (t2 - t1)) / 2.
// In the record: time = t3, message = t1, parent = t2, version << 32 | batch = t3 - t0, actor and peer = the nodes.
#pragma once

#include "runtime/trace/trace_record.hpp"

namespace syngrad {

struct clock_sample {
  std::uint8_t node = 0, other = 0;
  std::int64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;

  std::int64_t offset_ns() const { return ((t1 - t0) + (t2 - t3)) / 2; } // other's clock minus this node's
  std::int64_t uncertainty_ns() const { return ((t3 - t0) - (t2 - t1)) / 2; }
};

inline trace_record record_of(const clock_sample& ping) {
  const auto waited = static_cast<std::uint64_t>(ping.t3 - ping.t0);
  trace_record out;
  out.time_ns = ping.t3;
  out.message = static_cast<std::uint64_t>(ping.t1);
  out.parent = static_cast<std::uint64_t>(ping.t2);
  out.actor = actor_id(ping.node, 0);
  out.peer = actor_id(ping.other, 0);
  out.batch = static_cast<std::uint32_t>(waited);
  out.version = static_cast<std::uint32_t>(waited >> 32);
  out.interface = no_interface;
  out.kind = record_kind::clock;
  return out;
}

inline clock_sample clock_sample_of(const trace_record& record) {
  const auto waited = static_cast<std::int64_t>(std::uint64_t{record.version} << 32 | record.batch);
  return {node_of(record.actor),
          node_of(record.peer),
          record.time_ns - waited,
          static_cast<std::int64_t>(record.message),
          static_cast<std::int64_t>(record.parent),
          record.time_ns};
}

} // namespace syngrad
