#include "runtime/trace/trace_names.hpp"

#include "runtime/text.hpp"

#include <array>
#include <optional>
#include <vector>

namespace syngrad {

namespace {

constexpr std::array<std::string_view, 7> role_names{"other",  "source",      "group", "predictor",
                                                     "solver", "coordinator", "link"};

actor_role role_named(std::string_view name) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == name) return static_cast<actor_role>(i);
  return actor_role::other;
}

// Tabs and line breaks would be read as the format's own.
std::string plain(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c == '\t' || c == '\n') c = ' ';
  return out;
}

} // namespace

std::string_view name_of(actor_role role) {
  const auto at = static_cast<std::size_t>(role);
  return at < role_names.size() ? role_names[at] : role_names.front();
}

std::string trace_names::title_of(std::uint32_t id) const {
  if (const auto found = actors.find(id); found != actors.end()) return found->second.title;
  return "actor " + std::to_string(node_of(id)) + ":" + std::to_string(id & 0xffff);
}

std::string trace_names::fact(const std::string& key) const {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string() : found->second;
}

std::string trace_names::text() const {
  std::string out;
  for (const auto& [id, each] : actors)
    out += "actor\t" + std::to_string(id) + '\t' + std::string(name_of(each.role)) + '\t' + std::to_string(each.index) +
           '\t' + plain(each.title) + '\n';
  for (const auto& [place, name] : threads)
    out += "thread\t" + std::to_string(place.first) + '\t' + std::to_string(place.second) + '\t' + plain(name) + '\n';
  for (const auto& [key, value] : facts) out += "fact\t" + plain(key) + '\t' + plain(value) + '\n';
  return out;
}

void trace_names::add(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto fields = split_text(text.substr(0, end), '\t');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (fields.size() == 5 && fields[0] == "actor") {
      const auto id = parse_number<std::uint32_t>(fields[1]);
      const auto index = parse_number<int>(fields[3]);
      if (id && index) actors[*id] = {role_named(fields[2]), *index, std::string(fields[4])};
    } else if (fields.size() == 4 && fields[0] == "thread") {
      const auto node = parse_number<std::uint8_t>(fields[1]);
      const auto ring = parse_number<std::uint16_t>(fields[2]);
      if (node && ring) threads[{*node, *ring}] = std::string(fields[3]);
    } else if (fields.size() == 3 && fields[0] == "fact") {
      facts[std::string(fields[1])] = std::string(fields[2]);
    }
  }
}

} // namespace syngrad
