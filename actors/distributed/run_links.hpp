// The ends that a process has of the links of a run, and of the control links beside them.
#pragma once

#include "actors/assembly.hpp"
#include "actors/distributed/control_messages.hpp"
#include "actors/distributed/link_routes.hpp"
#include "actors/distributed/run_inbox.hpp"
#include "actors/link_counters.hpp"
#include "actors/links/link_options.hpp"
#include "runtime/device.hpp"

#include <functional>
#include <vector>

namespace syngrad {

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
