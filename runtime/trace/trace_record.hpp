// One fact of a trace: 48 bytes, little-endian, the same in memory and on disk.
//
// What the fields mean depends on the kind:
//
// clang-format off
// | kind         | actor   | peer     | message | parent            | version          | value                       | type           |
// |--------------|---------|----------|---------|-------------------|------------------|-----------------------------|----------------|
// | send         | sender  | receiver | its id  | what it answers   | sender's weights | bytes of its tensors        | message        |
// | enqueue      | receiver| sender   | its id  | likewise          | likewise         | likewise                    | message        |
// | begin        | handler | sender   | its id  | likewise          | before handling  | bytes of its tensors        | message        |
// | end          | handler | sender   | its id  | likewise          | after handling   | waiting_reason              | message        |
// | serialize,   | link    | neighbour| its id  | likewise          | sender's weights | bytes on the wire           | message        |
// | deserialize  |         |          |         |                   |                  |                             |                |
// | drop         | who     | sender   | its id  | 0                 | 0                | number so far               | message        |
// | gpu          | actor   | stream   | handled | duration, ns      | uncertainty, ns  | number of operators         | message        |
// | update       | group   | 0        | handled | activation of the | after the update | predictor's version or none | applied_gradient |
// |              |         |          |         | batch             |                  |                             |                |
// | metric       | group   | 0        | handled | likewise          | current          | float, as bits              | trace_measure  |
// | clock        | node    | node     | see clock_sample below                                                                  |
// | spawn, exit  | actor   | 0        | 0       | 0                 | 0                | 0                           | 0              |
// clang-format on
//
// The time of a gpu record is the end of the work that a handler enqueued on its actor's stream, on this clock as well.
//
// A send between actors of one process is also its arrival: `enqueue` is recorded apart only where a link delivers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace syngrad {

enum class record_kind : std::uint8_t {
  send = 1,
  enqueue,
  begin,
  end,
  serialize,
  deserialize,
  drop,
  gpu,
  update,
  metric,
  clock,
  spawn,
  exit,
};
inline constexpr int record_kind_count = 14; // with the 0 that stands for none

enum class waiting_reason : std::uint8_t { input, credit };

// Of update records: what the weights were moved with.
enum class applied_gradient : std::uint8_t { synthetic, truth, residual, local, bootstrapped };

// Of metric records.
enum class trace_measure : std::uint8_t {
  loss = 1,         // mean of the batch
  staleness,        // weight versions between a batch's forward pass and the application of its gradient
  cosine,           // of the prediction with the gradient received
  norm_ratio,       // |prediction| / |received|
  audit_cosine,     // the same against the true gradient, in audited batches
  audit_norm_ratio, //
  audit_bias,       // |sum over rows of (prediction - true)| / (|true| sqrt(rows))
  activation_rms,   // root mean square of the activation sent up
  gate,             // 0 predicting, 1 correcting, 2 waiting: where it is another than for the batch before
};
inline constexpr int trace_measure_count = 10;

struct trace_record {
  std::int64_t time_ns = 0; // CLOCK_MONOTONIC
  std::uint64_t message = 0;
  std::uint64_t parent = 0;
  std::uint32_t actor = 0;
  std::uint32_t peer = 0;
  std::uint32_t batch = 0; // low 32 bits; no_trace_batch: none
  std::uint32_t version = 0;
  std::uint32_t value = 0;
  std::uint16_t interface = 0; // no_interface: none
  record_kind kind{};
  std::uint8_t type = 0;

  bool operator==(const trace_record&) const = default;
  float measured() const { return std::bit_cast<float>(value); }
};

static_assert(sizeof(trace_record) == 48 && std::endian::native == std::endian::little);
static_assert(offsetof(trace_record, actor) == 24 && offsetof(trace_record, kind) == 46);

inline constexpr std::uint32_t no_trace_batch = 0xffffffff;
inline constexpr std::uint32_t no_predictor_version = 0xffffffff;
inline constexpr std::uint16_t no_interface = 0xffff;

// Message ids: node 8 bits, actor 16, sequence 40. Actor ids: node 8 bits, 8 unused, actor 16.
constexpr std::uint64_t message_origin(std::uint8_t node, std::uint16_t actor) {
  return std::uint64_t{node} << 56 | std::uint64_t{actor} << 40;
}
constexpr std::uint32_t actor_id(std::uint8_t node, std::uint16_t actor) {
  return std::uint32_t{node} << 24 | actor;
}
constexpr std::uint32_t sender_of(std::uint64_t message) {
  return actor_id(static_cast<std::uint8_t>(message >> 56), static_cast<std::uint16_t>(message >> 40));
}
constexpr std::uint8_t node_of(std::uint32_t actor) {
  return static_cast<std::uint8_t>(actor >> 24);
}

// A four-timestamp ping between the clocks of two nodes, as one record.
//
// This node sends at t0, the other receives at t1 and answers at t2 (its clock), the answer is here at t3. The other
// clock is ahead by ((t1 - t0) + (t2 - t3)) / 2, give or take half the round trip ((t3 - t0) - (t2 - t1)) / 2.
// In the record: time = t3, message = t1, parent = t2, version << 32 | batch = t3 - t0, actor and peer = the nodes.
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
