// The links of a run and the control links beside them: which ones a process needs, by where the groups are, and the
// ends that it has of them.
#pragma once

#include "actors/assembly.hpp"
#include "actors/distributed/control_messages.hpp"
#include "actors/distributed/run_inbox.hpp"
#include "actors/link_counters.hpp"
#include "actors/links/wire_format.hpp"
#include "runtime/device.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace syngrad {

// An actor that sends or gets messages, in whichever process.
struct run_role {
  enum class kind : std::uint8_t { anybody, control, coordinator, source, group } what = kind::anybody;
  int group = 0;

  friend bool operator==(const run_role&, const run_role&) = default;
};
using role_kind = run_role::kind;
std::string name_of(const run_role&); // "group 3", "the coordinator"

// A link that a process needs, with one of its ends there: one for each actor of another process that some actor
// here sends to, and one for each actor here that somebody there sends to.
//
//  from                  to                       carries
//  source, group i       group i+1                activations, flush marks, which gradients it wants
//  group i+1             source, group i          gradients, credits
//  coordinator           group                    requests for reports
//  any actor of a node   coordinator              losses, reports, failures
//
// A link has the same number at both of its ends; no other between the same two processes has it.
struct link_route {
  run_role from, to;
  std::uint8_t other = 0; // the process at the other end
  bool outgoing = false;  // `to` is there, and `from` here
  edge_id edge = no_edge; // that it is part of, between groups

  std::uint32_t number() const;
  std::string title() const; // "link group 1 -> group 2", "link node 2 -> the coordinator"
};

// `node_of`: the process of each group, bottom to top. Process 0 has source and coordinator.
std::vector<link_route> routes_of(std::uint8_t here, const std::vector<std::uint8_t>& node_of);

// The pair for control messages, at the coordinator's process (0, with `other` the node) or at the node.
link_route control_route(std::uint8_t here, std::uint8_t other, bool outgoing);

// The processes that `here` has links to, each once, in their order.
std::vector<std::uint8_t> neighbours_of(std::uint8_t here, const std::vector<std::uint8_t>& node_of);

// The two ends that a process has of the control links to another one.
class control_ends {
public:
  control_ends() = default;
  // Registers both ends with `peer`, which leads to process `other`. What comes from there arrives in the inbox.
  control_ends(caf::actor_system&, run_inbox&, std::uint8_t here, std::uint8_t other, const caf::actor& peer,
               device& host);

  template <class M>
  void say(const M& message) const {
    caf::anon_send(outgoing_, encode(message));
  }
  // Bytes that came from there so far, of messages that are not whole yet, too.
  std::uint64_t bytes_received() const { return received_ ? received_->chunk_bytes.load() : 0; }
  // node_drained in the inbox, once all that was said is there.
  void drain() const { caf::anon_send(outgoing_, drain_link{port_}); }
  // Ends both, and returns when they have ended; what was said last may be lost, unless the other side has answered it.
  void close(caf::actor_system&);

private:
  caf::actor outgoing_, incoming_, port_;
  std::shared_ptr<link_counters> received_;
};

// Makes the ends that this process has of a run's links, joins its actors with what stands in for the others, and gives
// the ends to the peers, who bring them together with the other ends.
struct run_links {
  struct end {
    link_route route;
    caf::actor actor;
  };
  std::vector<end> ends;
  outside_actors outside;
};

struct link_wiring {
  std::uint8_t here = 0;
  std::vector<std::uint8_t> node_of;                    // of each group
  std::function<caf::actor(std::uint8_t node)> peer_of; // of each process that a route leads to
  device* host = nullptr;                               // where tensors arrive; outlives the run
  link_options options;
};

// After spawn_local_actors(). `local` learns how many numbers the ends have taken, and their names.
run_links join_with_links(caf::actor_system&, const run_plan&, running_actors& local, const link_wiring&);

} // namespace syngrad
