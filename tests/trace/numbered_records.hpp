// Records that say which they are, for tests that ask whether all of them are there.
#pragma once

#include "runtime/trace/trace_record.hpp"

namespace syngrad::test {

// The record `number` of an actor; its other fields follow from these two, and pack badly.
inline trace_record numbered_record(std::uint16_t actor, std::uint64_t number) {
  const auto mixed = (number + 1) * 0x9e3779b97f4a7c15u ^ actor;
  trace_record record;
  record.time_ns = static_cast<std::int64_t>(1000 + number * 10 + actor);
  record.message = message_origin(0, actor) | number;
  record.parent = mixed;
  record.actor = actor_id(0, actor);
  record.peer = static_cast<std::uint32_t>(mixed >> 7);
  record.batch = static_cast<std::uint32_t>(number / 4);
  record.version = static_cast<std::uint32_t>(mixed >> 21);
  record.value = static_cast<std::uint32_t>(mixed >> 32);
  record.kind = record_kind::send;
  return record;
}

inline std::uint64_t number_of(const trace_record& record) {
  return record.message & ((std::uint64_t{1} << 40) - 1);
}

} // namespace syngrad::test
