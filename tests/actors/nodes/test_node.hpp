// A process of a run for tests, without a run: takes everybody in that joins, and keeps what its peers report.
#pragma once

#include "actors/nodes/node_system.hpp"
#include "actors/nodes/peer_setup.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

namespace syngrad::test {

struct peer_event {
  enum class kind { joined, waiting, up, down, dead, rate };
  kind what = kind::up;
  std::uint8_t node = 0;
  std::uint64_t session = 0;
  std::string why;
  double number = 0; // last_heard_s, bytes_per_second
  process_identity identity;
  caf::actor peer; // of joined
};

// What was reported, in order. Any thread.
class peer_events {
public:
  void add(peer_event);
  // The next one of this kind, whatever came between; none where it does not come within `limit`.
  std::optional<peer_event> next(peer_event::kind, std::chrono::milliseconds limit = std::chrono::seconds(30));
  std::size_t count(peer_event::kind) const;

private:
  mutable std::mutex mutex_;
  std::condition_variable added_;
  std::vector<peer_event> events_;
  std::size_t seen_ = 0;
};

class test_node {
public:
  explicit test_node(network_settings);
  ~test_node();

  node_system& system() { return *system_; }
  const endpoint& address() const { return system_->listening(); }
  peer_events& events() { return *events_; }
  // Connects to `where` as role node; `expected` may say who that must be.
  caf::actor join(const endpoint& where, process_identity expected = {}, trace_recorder* recorder = nullptr,
                  std::shared_ptr<peer_gauges> gauges = std::make_shared<peer_gauges>());
  // Connects as role peer to a process that is said to be at `where`.
  caf::actor reach(const endpoint& where);

private:
  std::unique_ptr<node_system> system_;
  std::shared_ptr<peer_events> events_ = std::make_shared<peer_events>();
  caf::actor owner_;
};

inline double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

// Loopback, any port, short times.
network_settings loopback_settings(const std::string& name, double peer_timeout_s = 10, double reconnect_for_s = 60);

} // namespace syngrad::test
