#include "actors/nodes/node_system.hpp"

#include "actors/actor_system.hpp"
#include "actors/links/link_packets.hpp"
#include "actors/nodes/bounded_middleman.hpp"
#include "actors/nodes/gatekeeper_actor.hpp"
#include "actors/nodes/handshake.hpp"
#include "actors/nodes/network_messages.hpp"
#include "actors/nodes/network_settings.hpp"

#include <caf/io/all.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <set>
#include <sys/resource.h>
#include <unistd.h>

namespace syngrad {

namespace {

// A module for CAF that gives this process a random node number.
//
// CAF 0.17 makes the number from the machine's network cards, its disk and the process number. Two containers that
// share a host's network, and a process that is started again in one, get the same number then; CAF takes the other
// for itself, or the new one for the old one.
class random_node_id : public caf::actor_system::module {
public:
  explicit random_node_id(caf::actor_system& system) : system_(system) {}

  void start() override {}
  void stop() override {}
  void init(caf::actor_system_config&) override;
  // Modules are initialised in the order of their numbers: this one comes after the middleman, which sets the node
  // number, and is otherwise unused here.
  id_t id() const override { return opencl_manager; }
  void* subtype_ptr() override { return this; }

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new random_node_id(system); // the actor system owns it
  }

private:
  caf::actor_system& system_;
};

void random_node_id::init(caf::actor_system_config&) {
  caf::node_id::default_data::host_id_type host{};
  const auto random = random_nonce();
  static_assert(sizeof host + sizeof(std::uint32_t) <= nonce_size);
  std::memcpy(host.data(), random.data(), host.size());
  std::uint32_t process = 0;
  std::memcpy(&process, random.data() + host.size(), sizeof process);
  // The system hands out a constant reference to a member that is not constant.
  const_cast<caf::node_id&>(system_.node()) = caf::make_node_id(process | 1, host);
}

std::string host_name() {
  std::array<char, longest_name + 1> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

result<std::string> name_from(const network_settings& settings, const tls_credentials* credentials) {
  if (credentials && !settings.name.empty() && settings.name != credentials->name())
    return error::setting("--name '" + settings.name + "' is not the name in the certificate '" +
                          settings.tls.certificate + "', which is '" + credentials->name() +
                          "'; leave --name out, or give that node's certificate");
  const auto name = credentials ? credentials->name() : settings.name.empty() ? host_name() : settings.name;
  if (auto valid = check_node_name(name); !valid) return valid.failure().prefixed("--name '" + name + "': ");
  return name;
}

// CAF looks at the time since it last heard of a connection at every heartbeat: 3/4 of the time-out and one eighth
// more at the worst. So silence is noticed within the time-out, and a process that stops for half of it is not missed.
void configure_network(caf::actor_system_config& config, const network_settings& settings) {
  const auto part = [&](double share) {
    return caf::timespan{static_cast<std::int64_t>(settings.peer_timeout_s * share * 1e9)};
  };
  config.set("middleman.heartbeat-interval", part(1.0 / 8));
  config.set("middleman.connection-timeout", part(3.0 / 4));
  config.set("middleman.app-identifiers", std::vector<std::string>{"syngrad"});
  // Messages are read by the network's own thread: on the scheduler's they would wait behind the groups' work.
  config.set("middleman.workers", std::size_t{0});
}

// What the process may open, as the limit stands now.
std::size_t most_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1 << 20;
  return limit.rlim_cur;
}

void load_network(caf::actor_system_config& config, const network_settings& settings,
                  std::shared_ptr<const tls_credentials> credentials) {
  const auto timeout = std::chrono::duration_cast<open_connections::clock::duration>(
    std::chrono::duration<double>(settings.peer_timeout_s));
  const auto limits = open_connections::limits_for(most_descriptors(), timeout);
  config.module_factories.emplace_back([limits, credentials = std::move(credentials)](caf::actor_system& system) {
    return new bounded_middleman(system, {credentials, std::make_shared<open_connections>(limits)});
  });
}

} // namespace

caf::io::middleman_actor connector_of(caf::actor_system& system) {
  return static_cast<bounded_middleman&>(system.middleman()).connector();
}

result<std::unique_ptr<node_system>> node_system::open(network_settings settings, int threads, int intra_op,
                                                       std::function<void(const std::string&)> log,
                                                       name_lookup::resolver names) {
  resolved_host listens_at; // asked for once: what is judged here is what is bound below
  if (settings.listen) {
    auto found = resolve_host(settings.listen->host, std::move(names));
    if (!found)
      return error::setting("--listen " + to_text(*settings.listen) + ": " + found.message() +
                            "; give an address of this machine");
    listens_at = std::move(*found);
    if (auto allowed = check_exposure(settings, *settings.listen, listens_at, "--listen"); !allowed)
      return allowed.failure();
  }
  std::shared_ptr<const tls_credentials> credentials;
  if (settings.tls.any()) {
    if (auto whole = settings.tls.check(); !whole) return whole.failure();
    auto loaded = tls_credentials::load(settings.tls);
    if (!loaded) return loaded.failure();
    credentials = std::move(*loaded);
  }
  const auto name = name_from(settings, credentials.get());
  if (!name) return name.failure();

  constexpr int beside_actors = 4; // connections, and questions that take long
  if (const auto room = check_actor_threads(threads, intra_op, beside_actors); !room) return room.failure();

  std::unique_ptr<node_system> out(new node_system);
  out->config_ = std::make_unique<caf::actor_system_config>();
  configure_threads(*out->config_, threads, intra_op);
  configure_network(*out->config_, settings);
  out->config_->add_message_types<caf::id_block::syngrad_nodes>();
  add_link_packets(*out->config_);
  load_network(*out->config_, settings, credentials);
  out->config_->load<random_node_id>();
  auto context = std::make_shared<node_context>();
  context->settings = settings;
  context->self = {{*name, random_instance(), settings.version, {}}, credentials};
  context->log = std::move(log);
  if (credentials && context->log)
    for (const auto& line : credentials->warnings()) context->log(line);
  if (settings.insecure && context->log)
    context->log("warning: --insecure: whoever reaches the port can read and change everything, and fill the memory");
  out->context_ = context;
  out->system_ = std::make_unique<caf::actor_system>(*out->config_);
  if (settings.listen) {
    if (auto listens = out->listen(settings, listens_at); !listens) return listens.failure();
    // The gatekeeper runs already; it does not read the address.
    context->self.identity.address = settings.advertise.value_or(out->listening_);
    if (context->self.identity.address.port == 0) context->self.identity.address.port = out->listening_.port;
  }
  return out;
}

status node_system::listen(const network_settings& settings, const resolved_host& resolved) {
  gatekeeper_ = system_->spawn<gatekeeper_actor>(context_);
  door_ = session_port_handle(*system_, gatekeeper_);
  status done = ok();
  for (const auto& address : resolved.addresses)
    if (done = listen_at(address, settings); done) return done;
  return done;
}

status node_system::listen_at(const std::string& address, const network_settings& settings) {
  endpoint where{address, settings.listen->port};
  const auto from_range = where.port == 0 && settings.ports;
  if (from_range) where.port = settings.ports->first;
  auto port = publish(where);
  while (from_range && !port && where.port < settings.ports->last) {
    ++where.port;
    port = publish(where);
  }
  if (!port && from_range)
    return error::busy("--port-range: no port of the range is free; the last one: " + port.message());
  if (!port) return port.failure();
  listening_ = {where.host, *port};
  return ok();
}

result<std::uint16_t> node_system::publish(const endpoint& where) {
  constexpr bool reuse = true; // after a run that has just ended here
  auto ask = caf::make_function_view(connector_of(*system_));
  const auto port = ask(caf::publish_atom_v, where.port, caf::actor_cast<caf::strong_actor_ptr>(door_.get()),
                        std::set<std::string>(), where.host, reuse);
  if (port) return *port;
  return error::busy("--listen " + to_text(where) + ": " + listening_fault(where));
}

node_system::~node_system() {
  close();
}

void node_system::close() {
  door_.close();
  if (gatekeeper_) caf::anon_send_exit(gatekeeper_, caf::exit_reason::user_shutdown);
  gatekeeper_ = nullptr;
}

} // namespace syngrad
