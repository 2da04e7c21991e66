// A record's fields as people and exports read them: what `type`, `value` and `peer` mean depends on the kind.
#pragma once

#include "runtime/trace/trace_record.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/answer.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace syngrad::tools {

std::string type_text(const trace_record&); // "activation", "cosine", "synthetic"; empty where it has none
cell value_of(const trace_record&);         // bytes, a measure, what is waited for; nothing where it has none
std::string message_text(std::uint64_t);    // "0x1000000002a"
std::optional<std::uint64_t> parse_message(const std::string&); // a number: decimal, or hexadecimal after 0x

// Of messages and the work on a device for them their type, of updates the gradient that was applied, of metrics the
// measure; else empty.
std::string_view type_of(const trace_record&);
// Of a gpu record: "stream of group 3"; "stream 0:2" (node, number) where the trace does not say whose.
std::string stream_title(const trace_record&, const trace_names&);
// "group 3", "stream of group 3", "node 1"; empty where the kind has no peer.
std::string peer_of(const trace_record&, const trace_names&);

constexpr bool has_batch(const trace_record& record) {
  return record.batch != no_trace_batch && record.kind != record_kind::clock;
}

} // namespace syngrad::tools
