// Asks an address whether a node could be there, before CAF is asked to connect: CAF has no limit of time for a
// connection, keeps its one connecting thread busy meanwhile, and does not say why one failed.
//
// Blocks, for at most the limit that it is given, all steps together: call it from a thread of its own.
#pragma once

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/limited_wait.hpp"
#include "actors/nodes/tls_credentials.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace syngrad {

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

// Of a port that was a process's until it refused: "nobody listens at ...".
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
