// One connection between two peers, and the addresses that are good for it only.
#pragma once

#include "actors/nodes/peer_messages.hpp"

#include <caf/all.hpp>

#include <map>
#include <string>
#include <vector>

namespace syngrad {

// An address for one session: whatever arrives at it goes on to the actor behind it, on the sender's thread, without a
// mailbox of its own. When the session is over it is closed, and what still arrives from then on is dropped.
//
// Why not hand out the actor itself: CAF 0.17 keys the stand-ins of remote actors by node and actor number, and a
// stand-in that dies late (its last reference was in some queue) takes along the one that a newer connection has made
// for the same actor. A fresh number for each session keeps them apart. It also keeps out what only an owner may send:
// orders to exit.
//
// Threads: any.
class session_port : public caf::monitorable_actor {
public:
  enum class start { open, held }; // held: what arrives is kept until open()

  session_port(caf::actor_config& config, const caf::actor& target, start);

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
  void open(); // passes on what was kept, in order

protected:
  void on_cleanup(const caf::error&) override;

private:
  caf::strong_actor_ptr target_; // this and the rest: guarded by the mutex of the base
  bool open_;
  std::vector<caf::mailbox_element_ptr> kept_;
};

// Owns one, which ends with this object.
class session_port_handle {
public:
  session_port_handle() = default;
  session_port_handle(caf::actor_system&, const caf::actor& target,
                      session_port::start start = session_port::start::open);
  session_port_handle(session_port_handle&& other) noexcept;
  session_port_handle& operator=(session_port_handle&& other) noexcept;
  ~session_port_handle() { close(); }

  const caf::actor& get() const { return port_; }
  void open();
  void close();

private:
  session_port& port() const;

  caf::actor port_;
};

// One connection between two peers, from welcome to loss: the ends of the links that it joins. Owned by a
// peer and used on its thread only.
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
