#include "actors/distributed/joined_node.hpp"

#include "actors/distributed/process_part.hpp"
#include "actors/nodes/addresses.hpp"
#include "actors/nodes/peer_setup.hpp"
#include "actors/sanitizers.hpp"
#include "actors/setting_schema.hpp"

#include <algorithm>
#include <map>

namespace syngrad {

namespace {

// The peers of this node, made as they are needed: of two nodes the one with the lower number connects.
class node_peers {
public:
  node_peers(node_system& system, caf::actor owner) : system_(system), owner_(std::move(owner)) {}
  ~node_peers() {
    for (const auto& [node, peer] : peers_) caf::anon_send(peer, leave_peer{});
  }

  // `first_for_s`: for so long it may take until it answers for the first time; 0: without end.
  const caf::actor& to_coordinator(const endpoint& where, double first_for_s) {
    process_identity expected;
    expected.address = where;
    auto& peer = peers_[0];
    if (!peer)
      peer = spawn_initiating_peer(system_.get(), {system_.context(), owner_, 0, 0, expected, nullptr}, role::node,
                                   first_for_s);
    return peer;
  }

  caf::actor to(const run_order& order, std::uint8_t node) {
    if (const auto found = peers_.find(node); found != peers_.end()) return found->second;
    process_identity expected;
    for (const auto& each : order.members)
      if (each.node == node) expected = {each.name, each.instance, system_.identity().version, {each.host, each.port}};
    const peer_setup setup{system_.context(), owner_, order.node, node, expected, nullptr};
    if (order.node < node)
      return peers_[node] = spawn_initiating_peer(system_.get(), setup, role::peer, order.reconnect_for_s + 10);
    const auto peer = peers_[node] = spawn_accepting_peer(system_.get(), setup);
    caf::anon_send(system_.gatekeeper(), expect_peer{expected.name, expected.instance, peer});
    return peer;
  }

private:
  node_system& system_;
  caf::actor owner_;
  std::map<std::uint8_t, caf::actor> peers_;
};

} // namespace

// ---- what a node has of a run

result<run_plan> node_work::build(const run_order& order) {
  auto settings = settings_of(order.settings);
  if (!settings) return settings.failure();
  settings_ = std::move(*settings);
  auto model = make_network(settings_.model);
  if (!model) return model.failure().prefixed("model: ");
  const auto trace = start_trace(order);
  if (!trace) return trace.failure();
  device_places places;
  for (const auto& each : order.groups) {
    auto& here = places.groups.emplace_back(nullptr);
    if (each.node != order.node) continue;
    auto found =
      std::find_if(devices_.begin(), devices_.end(), [&](auto& known) { return known.first == each.device; });
    if (found == devices_.end()) {
      auto made = make_device(each.device);
      if (!made) return made.failure();
      found = devices_.insert(devices_.end(), {each.device, std::move(*made)});
    }
    here = found->second.get();
  }
  auto plan = make_run_plan(settings_, std::move(*model), nullptr, places, {}, *trace);
  if (!plan) return plan;
  if (auto good = built(*plan); !good) return good.failure();
  return plan;
}

result<std::unique_ptr<device>> node_work::make_device(const std::string& name) {
  if (name != "cpu") return error::device("there is no device '" + name + "' here; this node has cpu");
  return std::unique_ptr<device>(std::make_unique<cpu_device>());
}

void node_work::abandon() {
  for (auto& [name, each] : devices_) leak_deliberately(std::move(each));
}

// ---- its way through a run

joined_node::~joined_node() {
  aim(nullptr);
}

void joined_node::say(const std::string& line) const {
  if (setup_.say) setup_.say(line);
}

void joined_node::aim(caf::actor inbox) {
  const std::lock_guard lock(mutex_);
  inbox_ = std::move(inbox);
  if (inbox_)
    for (const auto& each : std::exchange(early_, {})) caf::anon_send(inbox_, each);
}

status joined_node::open() {
  auto network = setup_.network;
  const auto meaning = resolve_host(setup_.join.host); // a name that has no address yet may have one later
  if (meaning)
    if (auto allowed = check_exposure(network, setup_.join, *meaning, "--join"); !allowed) return allowed;
  if (!network.listen)
    network.listen = meaning && meaning->is_loopback() ? endpoint{"127.0.0.1", 0} : endpoint{"0.0.0.0", 0};
  auto opened = node_system::open(network, setup_.threads, setup_.intra_op, setup_.say);
  if (!opened) return opened.failure();
  system_ = std::move(*opened);
  name_ = system_->identity().name;
  return ok();
}

member_outcome joined_node::run(node_work& work) {
  member_outcome out;
  {
    run_inbox inbox(system_->get());
    aim(inbox.address());
    node_peers peers(*system_, inbox.address());
    const auto coordinator = peers.to_coordinator(setup_.join, setup_.wait_for_s.value_or(0));
    control_ends control(system_->get(), inbox, 1, 0, coordinator, host_);
    control.say(
      introduction{setup_.devices, static_cast<std::uint16_t>(setup_.threads), measure_host_rate(setup_.threads)});
    member_setup setup;
    setup.system = &system_->get();
    setup.inbox = &inbox;
    setup.coordinator = &control;
    setup.name = name();
    setup.host = &host_;
    setup.build = [&](const run_order& order) { return work.build(order); };
    setup.options_of_links = [&] {
      link_options links;
      links.take(*wire_choice::parse(work.settings().wire));
      return links;
    };
    setup.peer_of = [&](const run_order& order, std::uint8_t node) { return peers.to(order, node); };
    setup.send_trace = [&](const auto& send) { return work.send_trace(send); };
    setup.keep = [&](auto weights) {
      const auto saved = work.save(weights);
      return saved ? ok() : status(saved.failure());
    };
    setup.notice = [this](const std::string& line) { say(line); };
    member_run run(std::move(setup));
    out = run.run();
    for (const auto& each : out.stuck) say(each + " does not end");
    conclude(out, run, run.plan() != nullptr, work);
    control.close(system_->get());
    aim(nullptr);
    if (!out.stuck.empty()) work.abandon();
  }
  if (!out.stuck.empty()) leak_deliberately(std::move(system_));
  system_.reset(); // its actors use `work`
  return out;
}

void joined_node::conclude(member_outcome& out, const member_run& run, bool has_plan, node_work& work) {
  if (out.delivered && (ended_well(out.end) || out.end == run_end::interrupted)) return work.forget_weights();
  if (!has_plan) return;
  const auto saved = work.save(run.weights());
  out.why += out.why.empty() ? "" : "; ";
  out.why += saved ? "the weights here are saved in " + *saved : "the weights here are lost: " + saved.message();
}

member_outcome take_part(node_setup setup) {
  joined_node node(std::move(setup));
  member_outcome out;
  if (auto open = node.open(); !open) {
    out.why = open.message();
    return out;
  }
  node_work work;
  return node.run(work);
}

} // namespace syngrad
