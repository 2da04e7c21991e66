#include "actors/distributed/loss_text.hpp"

#include <cstdio>

namespace syngrad {

namespace {

std::string last_heard(double seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "last heard of %.1f s ago", seconds);
  return text;
}

std::string lost_with(std::uint8_t node, const std::vector<group_place>& places) {
  const auto groups = groups_on(node, places);
  return groups.empty() ? "" : "; lost with it: the weights of " + groups;
}

} // namespace

std::string groups_on(std::uint8_t node, const std::vector<group_place>& places) {
  std::string text;
  int count = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].node != node) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(i);
    ++count;
  }
  return count == 0 ? "" : (count > 1 ? "groups " : "group ") + text;
}

std::string describe_loss(const std::string& title, const peer_dead& dead, const std::vector<group_place>& places) {
  if (dead.last_heard_s < 0) return title + " was never reached: " + dead.why + lost_with(dead.node, places);
  return title + " is gone: " + dead.why + " (" + last_heard(dead.last_heard_s) + ")" + lost_with(dead.node, places);
}

} // namespace syngrad
