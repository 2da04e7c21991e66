#include "actors/distributed/hang_inquiry.hpp"

#include "actors/distributed/waits_text.hpp"

#include <cstdio>

namespace syngrad {

hang_inquiry::hang_inquiry(seated_nodes& nodes) : nodes_(nodes) {
  for (auto& [number, each] : nodes_) {
    if (each.lost()) continue;
    each.seat.control.say(tell_waits{});
    awaited_.insert(number);
  }
}

void hang_inquiry::take(std::uint8_t node, const waits_told& answer) {
  if (awaited_.erase(node) != 0) answers_[node] = read_waits_text(answer.text);
}

std::vector<std::string> hang_inquiry::sections(double waited_s) {
  char silence[64];
  std::snprintf(silence, sizeof silence, "no answer for %.1f s", waited_s);
  std::vector<std::string> lines;
  for (const auto& [number, each] : nodes_) {
    const auto answer = answers_.find(number);
    if (answer == answers_.end()) {
      lines.push_back("on node " + each.name() + ": " + (each.lost() ? "it is gone" : silence));
      continue;
    }
    lines.push_back("on node " + each.name() + ":");
    for (const auto& line : answer->second) lines.push_back("  " + line);
  }
  return lines;
}

} // namespace syngrad
