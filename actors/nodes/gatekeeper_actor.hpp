// The only actor of a process that strangers reach, and the log that they cannot flood.
#pragma once

#include "actors/nodes/peer_messages.hpp"
#include "actors/nodes/peer_setup.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace syngrad {

// Lines for a log, at most one of a kind and second: what an attacker or a fault repeats a thousand times is counted,
// not printed. One thread at a time; time is passed in.
class limited_log {
public:
  enum class kind { refused, malformed, overloaded };

  explicit limited_log(std::function<void(const std::string&)> print) : print_(std::move(print)) {}

  // Prints the line, unless one of its kind was printed within the last second. The next one says how many were left
  // out.
  void say(kind, const std::string& line, std::int64_t now_ns);

private:
  struct tally {
    std::int64_t printed_ns = 0;
    std::uint64_t left_out = 0;
    bool ever = false;
  };

  std::function<void(const std::string&)> print_;
  std::array<tally, 3> kinds_;
};

// The only actor of a process that strangers reach (through a session_port, which keeps orders to exit and news of ends
// from it): lets in who proves what the handshake asks for, and then hands the connection to a peer. What it keeps of
// strangers is bounded, and what it prints about them, too.
//
//  state of a stranger    event                            then
//  -                      hello, in order                  challenge; greeted
//  -                      hello, with a fault              refused
//  greeted                proof, with a fault              refused; forgotten
//  greeted                proof of an observer             roster from the owner; forgotten
//  greeted                proof, the instance has a peer   arrival to the peer; forgotten
//  greeted                proof, the name has a peer       rival to the peer; forgotten
//  greeted                proof, role node                 join_request to the owner: arrival to the peer that it made,
//                                                          or refused; forgotten
//  greeted                proof, role peer                 refused (again): the coordinator's word is still on its way
//  greeted                10 s, or 256 newer ones          forgotten
class gatekeeper_actor : public caf::event_based_actor {
public:
  gatekeeper_actor(caf::actor_config&, std::shared_ptr<const node_context>);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "gatekeeper"; }

private:
  struct greeted {
    caf::actor_addr remote;
    hello said;
    challenge asked;
    std::int64_t since_ns;
  };
  struct expected {
    std::string name;
    caf::actor peer;
  };

  void handle(hello&);
  void handle(proof&);
  void admit(hello&, std::vector<char> nonce, const caf::actor& remote);
  void ask_owner(hello&, std::vector<char> nonce, const caf::actor& remote);
  void show_roster(const hello&, const caf::actor& remote);
  void refuse(const caf::actor& remote, const std::string& line, bool again);
  void forget_old(std::int64_t now_ns);

  std::shared_ptr<const node_context> context_;
  limited_log log_;
  caf::actor owner_;
  std::deque<greeted> greeted_;                // oldest first
  std::map<std::uint64_t, expected> expected_; // by instance
};

} // namespace syngrad
