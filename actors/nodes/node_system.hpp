// The CAF actor system of a process that others reach: network, TLS, heartbeats, gatekeeper.
//
// Threads: made and destroyed by one; everything const from any.
#pragma once

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/peer_session.hpp"
#include "actors/nodes/peer_setup.hpp"

#include <caf/all.hpp>

#include <memory>

namespace syngrad {

class node_system {
public:
  // Listens where the settings say and publishes the gatekeeper, which takes nobody in before it has an owner
  // (set_owner). `threads` run actors; an operator uses `intra_op` threads. `log` gets lines for the user, from any
  // thread. The error names the option, and the port or file.
  // `names` says what a host stands for.
  static result<std::unique_ptr<node_system>> open(network_settings, int threads, int intra_op,
                                                   std::function<void(const std::string&)> log,
                                                   name_lookup::resolver names = name_lookup::ask_system);
  // Ends the gatekeeper and waits for all actors: peers have to be told to leave before. Connections that do not take
  // what is still to be sent are closed after two seconds.
  ~node_system();

  caf::actor_system& get() { return *system_; }
  const std::shared_ptr<const node_context>& context() const { return context_; }
  const process_identity& identity() const { return context_->self.identity; }
  const endpoint& listening() const { return listening_; } // numeric, with the actual port; port 0: it does not listen
  const caf::actor& gatekeeper() const { return gatekeeper_; }

  // Ends the gatekeeper: nobody else gets in.
  void close();

private:
  node_system() = default;
  status listen(const network_settings&, const resolved_host&);
  status listen_at(const std::string& address, const network_settings&);
  result<std::uint16_t> publish(const endpoint&);

  std::unique_ptr<caf::actor_system_config> config_;
  std::shared_ptr<const node_context>
    context_; // outlives the system, which reads its certificates for every connection
  std::unique_ptr<caf::actor_system> system_;
  caf::actor gatekeeper_;
  session_port_handle door_; // what is published: strangers cannot order the gatekeeper to exit
  endpoint listening_;
};

} // namespace syngrad
