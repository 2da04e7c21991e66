// The nodes of a run, as the coordinator's process sees them, and how far each has come.
//
// Threads: one at a time.
#pragma once

#include "actors/distributed/run_links.hpp"
#include "actors/nodes/peer_messages.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace syngrad {

// A node that takes part in a run, as the coordinator's process sees it: who it is, and the ways to it.
struct seated_node {
  run_member who;
  caf::actor peer;
  control_ends control;
};

class seated_nodes {
public:
  enum class standing : std::uint8_t { ordered, built, ready, done, lost };
  struct member {
    seated_node seat;
    standing stands = standing::ordered;
    bool away = false; // its connection is lost, and it may come back

    const std::string& name() const { return seat.who.name; }
    bool lost() const { return stands == standing::lost; }
    void reaches(standing stage) { stands = std::max(stands, stage); }
  };

  explicit seated_nodes(std::vector<seated_node> nodes) {
    for (auto& each : nodes) members_.emplace(each.who.node, member{std::move(each)});
  }

  member* find(std::uint8_t node) {
    const auto found = members_.find(node);
    return found == members_.end() ? nullptr : &found->second;
  }
  std::string title(std::uint8_t node) const { // "node a"
    const auto found = members_.find(node);
    return "node " + (found == members_.end() ? std::to_string(node) : found->second.name());
  }
  bool all_stand(standing at_least) const {
    return std::all_of(members_.begin(), members_.end(),
                       [&](const auto& each) { return each.second.stands >= at_least; });
  }
  bool any_away() const {
    return std::any_of(members_.begin(), members_.end(),
                       [](const auto& each) { return each.second.away && !each.second.lost(); });
  }
  // What became of the connection to a node.
  void note(const peer_down& down) { set_away(down.node, true); }
  void note(const peer_up& up) { set_away(up.node, false); }
  template <class M>
  void say(const M& message) const { // to those that are not lost
    for (const auto& [number, each] : members_)
      if (!each.lost()) each.seat.control.say(message);
  }

  auto begin() { return members_.begin(); }
  auto end() { return members_.end(); }

private:
  void set_away(std::uint8_t node, bool away) {
    if (auto* const found = find(node)) found->away = away;
  }

  std::map<std::uint8_t, member> members_;
};

} // namespace syngrad
