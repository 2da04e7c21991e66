#include "tools/trace/record_text.hpp"

#include "runtime/text.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/trace_filter.hpp"

#include <cstdio>
#include <fmt/core.h>

namespace syngrad::tools {

std::string_view type_of(const trace_record& record) {
  if (is_message(record.kind) || record.kind == record_kind::gpu)
    return name_of(static_cast<trace_message>(record.type));
  if (record.kind == record_kind::update) return name_of(static_cast<applied_gradient>(record.type));
  if (record.kind == record_kind::metric) return name_of(static_cast<trace_measure>(record.type));
  return "";
}

std::string stream_title(const trace_record& record, const trace_names& names) {
  const auto node = std::to_string(node_of(record.peer)), number = std::to_string(record.peer & 0xffff);
  const auto title = names.fact("stream." + node + "." + number);
  return title.empty() ? "stream " + node + ":" + number : "stream of " + title;
}

std::string peer_of(const trace_record& record, const trace_names& names) {
  if (is_message(record.kind)) return names.title_of(record.peer);
  if (record.kind == record_kind::gpu) return stream_title(record, names);
  if (record.kind == record_kind::clock) return fmt::format("node {}", node_of(record.peer));
  return "";
}

std::string type_text(const trace_record& record) {
  return std::string(type_of(record));
}

cell value_of(const trace_record& record) {
  switch (record.kind) {
  case record_kind::metric:
    return static_cast<double>(record.measured());
  case record_kind::end:
    return static_cast<waiting_reason>(record.value) == waiting_reason::credit ? std::string("waits for credit")
                                                                               : std::string("waits for input");
  case record_kind::update:
    if (record.value == no_predictor_version) return std::monostate{};
    return fmt::format("predictor {}", record.value);
  case record_kind::clock:
  case record_kind::spawn:
  case record_kind::exit:
    return std::monostate{};
  default:
    return static_cast<std::int64_t>(record.value);
  }
}

std::string message_text(std::uint64_t message) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(message));
  return text;
}

std::optional<std::uint64_t> parse_message(const std::string& text) {
  if (text.starts_with("0x")) return parse_number<std::uint64_t>(std::string_view(text).substr(2), 16);
  return parse_number<std::uint64_t>(text);
}

} // namespace syngrad::tools
