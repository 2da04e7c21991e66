// The other process of a pair, and how fast the connection to it is.
#pragma once

#include "actors/nodes/peer_session.hpp"
#include "actors/nodes/peer_setup.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace syngrad {

// How many bytes a second a connection carries, from bursts that are sent over it and answered. A burst that takes no
// time to speak of says nothing: they grow until one can be timed, and the median of three counts.
//
// Value without a clock of its own; one thread at a time.
class rate_meter {
public:
  explicit rate_meter(std::uint64_t most_bytes = least_burst) : most_bytes_(most_bytes) {}

  std::uint64_t burst() const { return burst_; } // bytes of the next one
  // A burst was answered after `took_ns`, of which the round trip of a small message is not the bytes' time. Bytes a
  // second once that is known; otherwise another burst is wanted.
  std::optional<double> take(std::int64_t took_ns, std::int64_t round_trip_ns);

  static constexpr std::uint64_t least_burst = 256 << 10;

private:
  std::uint64_t most_bytes_;
  std::uint64_t burst_ = least_burst;
  std::vector<double> rates_;
};

// The other process of a pair, as this one sees it: connected, away or dead. Initiator and acceptor differ in how a
// connection comes about; everything else is here.
//
//  state   event                                            then
//  away    a session is established                         up: peer_up, links are offered
//  up      a session is established                         the old one is lost first (the other side has noticed
//                                                           before us that the connection was)
//  up      the other side's port ends; silence              away: peer_down, link_down; seek() a new connection
//  away    nobody for reconnect_for (never yet: see peer_setup.hpp)     dead
//  any     die(): the port refuses, another instance, a refusal         dead: peer_dead, link_dead, the actor ends
//  any     leave_peer, or the owner ends                         the actor ends, the other side notices
//
// It runs on a thread of its own, so that neither the groups' work nor a full mailbox makes it look silent. CAF waits
// for such a thread until nothing refers to its actor: what it sends is anonymous, lest it stays in some mailbox.
class peer_actor : public caf::event_based_actor {
public:
  peer_actor(caf::actor_config&, peer_setup);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "peer"; }

protected:
  virtual caf::message_handler handlers() = 0;      // of the kind of peer
  virtual void seek() = 0;                          // a connection; called at the start and after every loss
  virtual void abandon() {}                         // what seek() began
  virtual void went_down(const caf::actor_addr&) {} // somebody that the kind of peer monitors

  const node_context& context() const { return *setup_.context; }
  const peer_setup& setup() const { return setup_; }
  bool up() const { return session_.has_value(); }
  bool was_up() const { return sessions_ > 0; }
  std::uint64_t last_session() const { return last_session_; }
  std::string title() const; // "'b' (10.0.0.2:7001)"

  void limit_time(double seconds); // dead unless it is up by then
  void wait_because(const std::string& why);
  void establish(std::uint64_t number, session_port_handle, caf::actor remote, process_identity);
  void lose(const std::string& why);
  void die(const std::string& why);

private:
  void tick();
  bool is_of_session(std::uint64_t number);
  void answer_ping(const clock_ping&);
  void take_pong(const clock_pong&);
  void measure(const measure_rate&);
  void send_burst();
  void take_rate(const rate_answer&);
  void take_link(const register_link&);
  double last_heard_s() const;
  peer_gauges& gauges() const { return *setup_.gauges; }
  std::string describe() const;

  peer_setup setup_;
  std::optional<peer_session> session_;
  std::map<std::uint32_t, caf::actor> links_;
  process_identity identity_;
  std::string waits_because_;
  std::uint64_t sessions_ = 0, last_session_ = 0;
  std::uint64_t time_limit_ = 0; // which of them counts
  std::int64_t last_tick_ns_ = 0;
  std::optional<rate_meter> meter_; // while it measures
  std::int64_t burst_began_ns_ = 0;
};

} // namespace syngrad
