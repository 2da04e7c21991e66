// What happens to a process's part of a run, one thing after the other, for the thread that takes it through the run.
//
// Threads: next() and watch() from the one that made it; address() and ports may be given to anybody.
#pragma once

#include "actors/links/link_messages.hpp"
#include "actors/nodes/peer_messages.hpp"
#include "models/layer_group.hpp"
#include "runtime/result.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace syngrad {

struct node_said { // over its control link
  std::uint8_t node = 0;
  control_message message;
};
struct node_drained { // all that was said to it is there: control_ends::drain()
  std::uint8_t node = 0;
};
struct actor_ended { // one that is watched
  caf::actor_addr who;
  std::string why; // empty: in order
};
struct starter_gone {}; // the process that started this one has ended
struct keep_weights {}; // those of this node, as they are now, on its disk
struct weights_wanted { // those of the nodes, as they are now; unanswered where the run has ended
  std::shared_ptr<std::promise<result<std::vector<layer_group::named_tensor>>>> answer;
};
struct nothing_happened {}; // in time

using run_event = std::variant<nothing_happened, node_said, peer_waiting, peer_up, peer_down, peer_dead, peer_rate,
                               actor_ended, node_drained, interrupt_run, starter_gone, keep_weights, weights_wanted>;

// The node that has heard its last word, or can't any more; nothing for other events.
std::optional<std::uint8_t> dismissed_node(const run_event&);

class run_inbox {
public:
  explicit run_inbox(caf::actor_system& system) : self_(system) {}

  // Owner of peers and gatekeeper; interrupt_run and starter_gone end the run.
  caf::actor address() const { return caf::actor_cast<caf::actor>(self_); }
  // The target of the control link that comes from `node`, and who hears that the one to it is drained.
  caf::actor port_for(std::uint8_t node);
  void watch(const caf::actor& each) { self_->monitor(each); }

  // Who asks to take part, and who wants to know who does; answered while next() waits.
  std::function<admission(const join_request&)> on_join;
  std::function<roster()> on_roster;

  run_event next(std::chrono::milliseconds patience);

private:
  caf::scoped_actor self_;
};

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::node_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::node_drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::starter_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::keep_weights)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::weights_wanted)
