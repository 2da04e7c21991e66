// The nodes of a run, as the coordinator's process sees them: how far each has come, and questions to them while the
// run goes on (what their actors wait for, their weights as they are now).
//
// Threads: one at a time.
#pragma once

#include "actors/distributed/run_links.hpp"
#include "actors/nodes/peer_messages.hpp"
#include "models/layer_group.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
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

// Asks every node of a run that makes no progress what its actors wait for.
//
//  to the node      from the node    when
//  tell_waits       waits_told       its main thread and its control links still work
//  tell_waits       nothing          it is frozen, out of reach, or all its threads are in handlers
//
// Threads: one at a time.
class hang_inquiry {
public:
  // Asks at once. `nodes` outlive it. An answer with an earlier `number` is late and not taken.
  hang_inquiry(seated_nodes& nodes, std::uint32_t number);

  void take(std::uint8_t node, const waits_told&);
  bool complete() const { return awaited_.empty(); }
  // Of the nodes that have answered, one that is slow rather than hung: "node b"; empty where there is none.
  std::string slow_node() const { return slow_; }

  // After `waited_s`: a section for each node, with its lines, or that it has not answered.
  std::vector<std::string> sections(double waited_s);

private:
  seated_nodes& nodes_;
  std::uint32_t number_;
  std::set<std::uint8_t> awaited_;
  std::map<std::uint8_t, std::vector<std::string>> answers_;
  std::string slow_;
};

// Asks every node of a run for its weights as they are now, while the run goes on.
//
//  to the node     from the node       when
//  tell_weights    weights_part, ...   its groups are between two messages, and it has saved them on its own disk
//                  weights_told        all is said, or why it cannot be
//  tell_weights    nothing             it is frozen, out of reach, or a group is in one step for very long
//
// Threads: one at a time.
class weights_inquiry {
public:
  using clock = std::chrono::steady_clock;
  struct setup {
    seated_nodes* nodes = nullptr; // outlive it
    device* host = nullptr;        // where the weights arrive
    std::vector<group_place> places;
    std::vector<std::uint64_t> weight_bytes; // of each group: no node may send more
    double patience_s = 60;                  // of silence
  };

  // Asks at once. An answer with an earlier `number` is late and not taken; 0 stands for the run's end.
  weights_inquiry(setup, std::uint32_t number, clock::time_point now);

  void take(std::uint8_t node, const weights_part&);
  void take(std::uint8_t node, const weights_told&);
  void take_loss(std::uint8_t node, const std::string& why);
  void look_for_silence(clock::time_point now);

  bool over() const { return failure_ || awaited_.empty(); }
  // When it is over: of all groups that are on nodes.
  result<std::vector<layer_group::named_tensor>> weights() const;

private:
  struct account {
    std::uint64_t wanted = 0, come = 0; // bytes
    std::uint64_t received = 0;         // over the control link
  };

  void fail(std::uint8_t node, const error& why);

  setup setup_;
  std::uint32_t number_;
  clock::time_point heard_; // of any of those that are awaited
  std::map<std::uint8_t, account> accounts_;
  std::set<std::uint8_t> awaited_;
  std::vector<layer_group::named_tensor> weights_;
  std::optional<error> failure_;
};

} // namespace syngrad
