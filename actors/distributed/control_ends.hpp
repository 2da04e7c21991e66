// The two ends that a process has of the control links to another one.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "actors/distributed/link_routes.hpp"
#include "actors/distributed/run_inbox.hpp"
#include "actors/links/link_counters.hpp"
#include "runtime/device.hpp"

namespace syngrad {

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

} // namespace syngrad
