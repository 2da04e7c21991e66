// Questions to an address, each within a limit of time: the TCP connection that they go over, and whether a node could
// be there.
#pragma once

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/limited_wait.hpp"
#include "actors/nodes/network_settings.hpp"
#include "actors/nodes/tls_credentials.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace syngrad {

// A TCP connection for questions to an address, each within a limit of time. Owns its socket, which never blocks; one
// thread at a time.
class tcp_connection {
public:
  struct failure {
    int error_number = 0; // of connect(); 0: the name was not resolved
    std::string what;
  };
  struct received {
    std::size_t bytes = 0;
    enum class end { complete, late, closed } how = end::complete;
  };

  tcp_connection() = default;
  tcp_connection(tcp_connection&& other) noexcept;
  tcp_connection& operator=(tcp_connection&& other) noexcept;
  ~tcp_connection();

  // Tries every address of the host in turn; each gets its part of the time that is left.
  std::optional<failure> open(const endpoint&, name_lookup&, const question_limit&);
  // `size` bytes, unless the other side closes (or resets) the connection before or the limit is over.
  received receive(void* data, std::size_t size, const question_limit&);

  int socket() const { return socket_; }
  int release() { return std::exchange(socket_, -1); } // the caller closes it
  const endpoint& address() const { return address_; } // numeric
  std::string own_host() const;                        // this machine's end, numeric; empty: not known

private:
  int socket_ = -1;
  endpoint address_;
};

// Whether a node could be at an address is asked before CAF is told to connect: CAF has no limit of time for a
// connection, keeps its one connecting thread busy meanwhile, and does not say why one failed.
//
// Questions block, for at most the limit that it is given, all steps together: ask from a thread of your own.
struct probe_target {
  endpoint where;
  std::string named_by; // what a user mends where the address is wrong: "--join"
};

struct probe_result {
  enum class kind {
    open,        // what was asked for is there
    refuses,     // the machine is there, and nobody listens at the port
    unreachable, // no name, no route, no answer in time: it may come back
    silent,      // connected, and nothing was said: it is stopped, or it waits for TLS
    stranger,    // something else listens there
    untrusted,   // TLS failed
  };
  kind outcome = kind::unreachable;
  std::string line;       // what is wrong, with the address and a remedy; empty where it is open
  endpoint address;       // numeric, of what was open
  std::string own_host{}; // numeric: the address of this machine that the connection went out from
};

// Whether somebody accepts connections. Leaves one connection that is closed at once.
probe_result probe_port(const probe_target&, name_lookup&, const question_limit&);

// Whether a syngrad process answers there that these credentials (null: no TLS) go together with.
probe_result probe_node(const probe_target&, const tls_credentials*, name_lookup&, const question_limit&);

// What is said of a port that a process had, and that refuses now: "nobody listens at ...".
std::string port_refuses(const endpoint&);

// Runs one question to the network at a time on a thread of its own, for an actor that must not block.
//
// The actor owns it, and calls finish() when it ends: then the thread is over before the actor system is. (A detached
// actor for each question would outlive its asker, and now and then kept the system from ending.) A question waits with
// the switch that it is given, so nobody waits long for its end.
class probe_thread {
public:
  ~probe_thread() { finish(); }

  // Ends the one before.
  void run(std::function<void(const stop_switch&)> question) {
    finish();
    stop_ = std::make_unique<stop_switch>();
    thread_ = std::thread([question = std::move(question), &stop = *stop_] { question(stop); });
  }
  void finish() {
    if (!thread_.joinable()) return;
    stop_->press();
    thread_.join();
  }

private:
  std::unique_ptr<stop_switch> stop_;
  std::thread thread_;
};

} // namespace syngrad
