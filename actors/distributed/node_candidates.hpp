// The nodes that take part in a run, or would like to: who they are, what each brings along, how its connection is.
//
// Owns their peers and control links. Threads: the one that takes events from the inbox. System and inbox outlive
// it.
#pragma once

#include "actors/distributed/conducted_run.hpp"
#include "actors/distributed/node_placement.hpp"
#include "actors/nodes/node_system.hpp"
#include "actors/nodes/peer_setup.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syngrad {

class node_candidates {
public:
  struct setup {
    node_system* system = nullptr;
    run_inbox* inbox = nullptr;
    device* host = nullptr;          // where what they say arrives
    trace_recorder* trace = nullptr; // of clock samples; null: none
    std::function<void(const std::string&)> say;
    int most = 1;
    std::set<std::string> names;   // who may join; empty: anybody
    std::set<std::string> awaited; // for whom there must be room: --place names them
  };

  explicit node_candidates(setup given) : given_(std::move(given)) {}
  // Tells all that this process leaves. `system_hangs`: and does not wait for the actors here.
  void leave(bool system_hangs);

  admission admit(const join_request&);
  void close(); // nobody else may join, nor take the seat of one that is lost
  void take(const run_event&);

  int count() const { return static_cast<int>(all_.size()); }
  // Those that are connected, have said what they bring along, and whose connection is measured.
  std::set<std::string> ready() const;
  std::vector<seated_node> seats() const;     // by number
  std::vector<placeable_node> offers() const; // likewise; of those that have said what they bring
  std::vector<roster_entry> rows(const std::vector<group_place>&) const; // likewise; empty places: not placed yet
  // Ends a run that never began, at the nodes: gives them a moment to hear why.
  void send_home(const finish&);

private:
  struct candidate {
    seated_node seat;
    std::shared_ptr<peer_gauges> gauges = std::make_shared<peer_gauges>();
    std::optional<introduction> brings;

    bool is_up() const { return gauges->stands == peer_gauges::standing::up; }
  };

  candidate* find(std::uint8_t node);
  std::string refusal_of(const std::string& name) const; // empty: it may join
  void forget(const peer_dead&);
  void take(const node_said&);

  setup given_;
  bool closed_ = false;
  std::map<std::uint8_t, candidate> all_;
};

} // namespace syngrad
