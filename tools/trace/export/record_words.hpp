// The fields of a record whose meaning depends on its kind, in words.
#pragma once

#include "runtime/trace/trace_names.hpp"
#include "runtime/trace/trace_record.hpp"

#include <string>
#include <string_view>

namespace syngrad::tools {

// Of messages their type, of updates the gradient that was applied, of metrics the measure; else empty.
std::string_view type_of(const trace_record&);
// "group 3", "stream 2", "node 1"; empty where the kind has no peer.
std::string peer_of(const trace_record&, const trace_names&);

constexpr bool has_batch(const trace_record& record) {
  return record.batch != no_trace_batch && record.kind != record_kind::clock;
}

} // namespace syngrad::tools
