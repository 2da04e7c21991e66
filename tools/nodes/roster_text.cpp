#include "tools/nodes/roster_text.hpp"

#include "actors/nodes/handshake.hpp"
#include "runtime/io/json_writer.hpp"
#include "tools/progress/text_table.hpp"

namespace syngrad::tools {

namespace {

std::string show_words(const std::string& text) {
  return text.empty() ? "-" : printable(text);
}

std::string show_rate(std::uint64_t bytes_per_second) {
  return bytes_per_second == 0 ? "-" : show_real(static_cast<double>(bytes_per_second) * 1e-6, 1);
}

std::string show_last_heard(std::int64_t ms) {
  return ms < 0 ? "-" : show_real(static_cast<double>(ms) * 1e-3, 1);
}

std::string show_round_trip(std::int64_t ns) {
  return ns == 0 ? "-" : show_real(static_cast<double>(ns) * 1e-6, 2);
}

} // namespace

std::string format_roster_table(const std::vector<roster_entry>& nodes) {
  text_table table(
    {"node", "name", "address", "state", "devices", "groups", "MB/s", "ms there and back", "heard, s ago", "version"});
  for (const auto& node : nodes)
    table.add({std::to_string(node.node), show_words(node.name),
               node.port == 0 ? "-" : printable(to_text({node.host, node.port})), show_words(node.state),
               show_words(node.devices), show_words(node.groups), show_rate(node.bytes_per_second),
               show_round_trip(node.round_trip_ns), show_last_heard(node.last_heard_ms), show_words(node.version)});
  return table.str();
}

std::string format_roster_json(const std::vector<roster_entry>& nodes) {
  json_writer out;
  out.begin_array();
  const auto number_or_null = [&](const char* key, std::int64_t value) {
    out.key(key);
    value == 0 ? out.null() : out.number(value);
  };
  for (const auto& node : nodes) {
    out.begin_object();
    out.key("node").number(std::int64_t{node.node});
    out.key("name").text(node.name);
    out.key("host").text(node.host);
    number_or_null("port", node.port);
    out.key("state").text(node.state);
    out.key("devices").text(node.devices);
    out.key("groups").text(node.groups);
    number_or_null("bytes_per_second", static_cast<std::int64_t>(node.bytes_per_second));
    number_or_null("round_trip_ns", node.round_trip_ns);
    out.key("last_heard_ms");
    node.last_heard_ms < 0 ? out.null() : out.number(node.last_heard_ms);
    out.key("version").text(node.version);
    out.end_object();
  }
  out.end_array();
  return out.str() + "\n";
}

} // namespace syngrad::tools
