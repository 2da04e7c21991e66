#include "actors/distributed/hang_inquiry.hpp"

#include "actors/distributed/waits_text.hpp"

#include <cstdio>

namespace syngrad {

hang_inquiry::hang_inquiry(seated_nodes& nodes, std::uint32_t number) : nodes_(nodes), number_(number) {
  for (auto& [node, each] : nodes_) {
    if (each.lost()) continue;
    each.seat.control.say(tell_waits{number_});
    awaited_.insert(node);
  }
}

void hang_inquiry::take(std::uint8_t node, const waits_told& answer) {
  if (answer.number != number_ || awaited_.erase(node) == 0) return;
  answers_[node] = read_waits_text(answer.text);
  if (answer.computes)
    if (const auto* each = nodes_.find(node)) computing_ = "node " + each->name();
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
