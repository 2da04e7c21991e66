// One connection between two peers, from welcome to loss: the ends of the links that it joins. Owned by a
// peer and used on its thread only.
#pragma once

#include "actors/nodes/peer_messages.hpp"
#include "actors/nodes/session_port.hpp"

#include <map>
#include <string>

namespace syngrad {

class peer_session {
public:
  // `port` is where the other side reaches this peer, `remote` where this one reaches the other.
  peer_session(caf::actor_system&, std::uint64_t number, session_port_handle port, caf::actor remote);

  std::uint64_t number() const { return number_; }
  const caf::actor& remote() const { return remote_; }

  // A link end of this process: offered to the other side. Once its counterpart is here, too, it is up.
  void add_local(std::uint32_t number, const caf::actor& link);
  void add_remote(const link_offer&);
  void forget(std::uint32_t number);

  // Nothing comes in any more; every link that was up is told that it is down.
  void close(const std::string& why);

private:
  struct joint {
    caf::actor local, remote;
    session_port_handle port;
    bool up = false;
  };

  void join(joint&);

  caf::actor_system& system_;
  std::uint64_t number_;
  session_port_handle port_;
  caf::actor remote_;
  std::map<std::uint32_t, joint> links_;
};

} // namespace syngrad
