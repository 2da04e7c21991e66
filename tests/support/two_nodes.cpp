#include "tests/support/two_nodes.hpp"

#include "actors/links/link_packets.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <stdexcept>

namespace syngrad::test {

namespace {

using join_atom = caf::atom_constant<caf::atom("join")>;

template <class T>
T value_or_throw(caf::expected<T> from, const std::string& doing, caf::actor_system& system) {
  if (!from) throw std::runtime_error(doing + ": " + system.render(from.error()));
  return std::move(*from);
}

// Swaps handles: the ends of the links on this node for those on the one that asks.
// `watcher` is told who asked.
caf::behavior gate(caf::event_based_actor* self, caf::actor in, caf::actor back_out, caf::actor watcher) {
  return {[=](join_atom, const caf::actor& out, const caf::actor& back_in, std::uint64_t session) {
    self->send(watcher, out);
    self->send(in, link_up{out, session});
    if (back_out) self->send(back_out, link_up{back_in, session});
    return caf::make_message(in, back_out);
  }};
}

caf::behavior answer(caf::event_based_actor* self, caf::actor back) {
  return {[=](credit& each) { self->send(back, std::move(each)); }};
}

caf::actor_system_config& configure(caf::actor_system_config& config, const two_nodes_setup& setup) {
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", setup.threads);
  config.load<caf::io::middleman>();
  if (!setup.tls.certificate.empty()) {
    config.load<caf::openssl::manager>();
    config.openssl_certificate = setup.tls.certificate;
    config.openssl_key = setup.tls.key;
    config.openssl_cafile = setup.tls.authority;
  }
  add_link_packets(config);
  return config;
}

} // namespace

two_nodes::node::node(const two_nodes_setup& setup) : system(configure(config, setup)) {}

two_nodes::two_nodes(const two_nodes_setup& setup)
  : host_(std::make_unique<cpu_device>()), here_(std::make_unique<node>(setup)), there_(std::make_unique<node>(setup)),
    tls_(!setup.tls.certificate.empty()) {
  receiver_.emplace(there());
  receiver_here_.emplace(here());
  watcher_.emplace(here());
  watcher_there_.emplace(there());
  const auto outgoing = [&](const char* title) {
    outgoing_link_setup out;
    out.title = title;
    out.options = setup.options;
    return out;
  };
  auto out = outgoing("link there");
  out.counters = sent_;
  out_ = spawn_outgoing_link(here(), {1, nullptr}, std::move(out));
  if (setup.link_back) back_out_ = spawn_outgoing_link(there(), {3, nullptr}, outgoing("link back"));
  if (setup.answers) answering_ = there().spawn(answer, back_out_);
  in_ = spawn_incoming_link(
    there(), {2, nullptr},
    {1, "link from here", answering_ ? answering_ : caf::actor(*receiver_), host_.get(), setup.options, received_});
  if (setup.link_back) {
    back_in_ = spawn_incoming_link(here(), {4, nullptr},
                                   {2, "link from there", *receiver_here_, host_.get(), setup.options, nullptr});
  }
  gate_ = there().spawn(gate, in_, back_out_, caf::actor(*watcher_there_));
  auto listening =
    tls_ ? caf::openssl::publish(gate_, 0, "127.0.0.1") : there().middleman().publish(gate_, 0, "127.0.0.1");
  port_ = value_or_throw(std::move(listening), "cannot listen", there());
}

two_nodes::~two_nodes() {
  for (auto* const each : {&out_, &in_, &back_out_, &back_in_, &gate_, &answering_}) {
    if (*each) caf::anon_send_exit(*each, caf::exit_reason::user_shutdown);
    *each = nullptr;
  }
  watcher_.reset();
  watcher_there_.reset();
  receiver_here_.reset();
  receiver_.reset();
}

std::uint16_t two_nodes::port() const {
  return port_;
}

// CAF may still answer with the handle of the connection that was lost, whose end its own actors have not heard of yet.
caf::actor two_nodes::find_gate(std::uint16_t port) {
  while (true) {
    auto found =
      tls_ ? caf::openssl::remote_actor(here(), "127.0.0.1", port) : here().middleman().remote_actor("127.0.0.1", port);
    auto far = value_or_throw(std::move(found), "cannot connect to port " + std::to_string(port), here());
    (*watcher_)->monitor(far);
    bool dead = false;
    (*watcher_)->receive([&](const caf::down_msg&) { dead = true; }, caf::after(std::chrono::seconds(0)) >> [] {});
    if (!dead) return far;
  }
}

void two_nodes::connect(std::uint16_t port) {
  const auto far = find_gate(port);
  const auto session = ++session_;
  (*watcher_)
    ->request(far, std::chrono::seconds(20), join_atom::value, out_, back_in_, session)
    .receive(
      [&](const caf::actor& in, const caf::actor& back_out) {
        caf::anon_send(out_, link_up{in, session});
        if (back_in_) caf::anon_send(back_in_, link_up{back_out, session});
      },
      [&](const caf::error& why) { throw std::runtime_error("cannot join: " + here().render(why)); });
  (*watcher_there_)->receive([&](const caf::actor& out) { (*watcher_there_)->monitor(out); });
}

void two_nodes::await_loss() {
  for (auto* const each : {&*watcher_, &*watcher_there_}) (*each)->receive([](const caf::down_msg&) {});
  for (const auto& each : {out_, in_, back_out_, back_in_})
    if (each) caf::anon_send(each, link_down{"the test cut it"});
}

} // namespace syngrad::test
