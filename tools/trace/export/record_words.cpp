#include "tools/trace/export/record_words.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/trace_filter.hpp"

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
  if (record.kind == record_kind::clock) return "node " + std::to_string(node_of(record.peer));
  return "";
}

} // namespace syngrad::tools
