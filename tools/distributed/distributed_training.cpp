#include "tools/distributed/distributed_training.hpp"

#include "actors/deliberate_leak.hpp"
#include "actors/distributed/group_hash.hpp"
#include "actors/group_weights.hpp"
#include "actors/nodes/peer_setup.hpp"
#include "tools/distributed/host_rate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace syngrad::tools {

namespace {

using clock = std::chrono::steady_clock;

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// What a node is told to join: of a process that listens everywhere, this machine by its name.
endpoint join_address(const endpoint& where) {
  return is_every_address(where) ? endpoint{"THIS-MACHINE", where.port} : where;
}

std::string show_rate(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %s", value, unit);
  return text;
}

} // namespace

result<std::unique_ptr<distributed_training>> distributed_training::open(setup given) {
  std::unique_ptr<distributed_training> out(new distributed_training(std::move(given)));
  const auto count = node_count_of(out->given_.options->cluster);
  if (!count) return count.failure();
  out->count_ = *count;
  if (auto done = out->listen(); !done) return done.failure();
  if (auto done = out->start_local_nodes(); !done) return done.failure();
  return out;
}

distributed_training::~distributed_training() {
  for (auto& [number, each] : candidates_) {
    if (each.seat.peer) caf::anon_send(each.seat.peer, leave_peer{});
    if (system_) each.seat.control.close(system_->get());
    each.seat.peer = nullptr;
  }
  inbox_address_ = nullptr;
  if (inbox_) {
    inbox_->on_join = nullptr;
    inbox_->on_roster = nullptr;
  }
  inbox_.reset();
  if (system_) system_.reset(); // then local nodes, which wait for somebody here to answer, go
}

status distributed_training::listen() {
  const auto& options = *given_.options;
  auto settings = options.cluster.network;
  settings.version = SYNGRAD_VERSION;
  if (settings.name.empty() && !settings.tls.any()) settings.name = "coordinator";
  if (!settings.listen) settings.listen = endpoint{"127.0.0.1", 0}; // local nodes
  const int threads = options.cluster.local_nodes > 0 ? 1 : options.settings.threads;
  auto opened = node_system::open(settings, threads, options.settings.intra_op, given_.say);
  if (!opened) return opened.failure();
  system_ = std::move(*opened);
  inbox_ = std::make_unique<run_inbox>(system_->get());
  inbox_address_ = inbox_->address();
  inbox_->on_join = [this](const join_request& asked) { return admit(asked); };
  inbox_->on_roster = [this] { return show(); };
  caf::anon_send(system_->gatekeeper(), set_owner{inbox_address_});
  return ok();
}

status distributed_training::start_local_nodes() {
  const auto& options = *given_.options;
  const int nodes = options.cluster.local_nodes;
  const int threads = std::max(1, options.settings.threads / std::max(1, nodes));
  const auto& network = options.cluster.network;
  for (int i = 1; i <= nodes; ++i) {
    const auto started =
      local_.start({"node", "--join", to_text(system_->listening()), "--name", "local-" + std::to_string(i),
                    "--threads", std::to_string(threads), "--devices", options.devices.device, "--peer-timeout",
                    format_real(network.peer_timeout_s), "--reconnect-for", format_real(network.reconnect_for_s)});
    if (!started) return started;
  }
  return ok();
}

// ---- who takes part

admission distributed_training::admit(const join_request& asked) {
  const auto& who = asked.identity;
  if (closed_ || static_cast<int>(candidates_.size()) >= count_.most)
    return {nullptr, "the run has all its nodes (--nodes)", false};
  for (const auto& [number, each] : candidates_)
    if (each.seat.who.name == who.name)
      return {nullptr, "there is a node '" + who.name + "' already; give each its own --name", false};
  std::uint8_t number = 1;
  while (candidates_.contains(number)) ++number;
  const auto peer =
    spawn_accepting_peer(system_->get(), {system_->context(), inbox_address_, 0, number, who, given_.trace});
  auto& seat = candidates_[number].seat;
  seat.who = {number, who.name, who.address.host, who.address.port, who.instance};
  seat.peer = peer;
  seat.control = control_ends(system_->get(), *inbox_, 0, number, peer, host_);
  return {peer, "", false};
}

roster distributed_training::show() const {
  roster out;
  for (const auto& [number, each] : candidates_) {
    roster_entry entry;
    entry.node = number;
    entry.name = each.seat.who.name;
    entry.host = each.seat.who.host;
    entry.port = each.seat.who.port;
    entry.version = SYNGRAD_VERSION; // others were refused
    entry.state = each.up ? "up" : "away";
    entry.devices = each.brings ? each.brings->devices : "";
    entry.bytes_per_second = static_cast<std::uint64_t>(each.bytes_per_second);
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (places_[i].node == number) entry.groups += (entry.groups.empty() ? "" : ",") + std::to_string(i);
    out.nodes.push_back(std::move(entry));
  }
  return out;
}

void distributed_training::take(const run_event& event) {
  const auto of = [this](std::uint8_t node) {
    const auto found = candidates_.find(node);
    return found == candidates_.end() ? nullptr : &found->second;
  };
  if (const auto* up = std::get_if<peer_up>(&event))
    if (auto* each = of(up->node)) {
      each->up = true;
      caf::anon_send(each->seat.peer, measure_rate{});
    }
  if (const auto* rate = std::get_if<peer_rate>(&event))
    if (auto* each = of(rate->node)) each->bytes_per_second = rate->bytes_per_second;
  if (const auto* dead = std::get_if<peer_dead>(&event))
    if (auto* each = of(dead->node)) {
      given_.say("node " + each->seat.who.name + " has left: " + dead->why);
      each->seat.control.close(system_->get());
      candidates_.erase(dead->node);
    }
  if (const auto* said = std::get_if<node_said>(&event))
    if (auto* each = of(said->node))
      if (const auto brings = decode<introduction>(said->message); brings && !split_list(brings->devices).empty()) {
        each->brings = *brings;
        given_.say("node " + each->seat.who.name + " is here: " + each->brings->devices + ", " +
                   std::to_string(each->brings->threads) + " threads");
      }
  if (std::holds_alternative<interrupt_run>(event)) interrupted_ = true;
}

int distributed_training::ready_nodes() const {
  return static_cast<int>(std::count_if(candidates_.begin(), candidates_.end(), [](const auto& each) {
    return each.second.up && each.second.brings && each.second.bytes_per_second > 0;
  }));
}

status distributed_training::wait_for_nodes() {
  if (given_.options->cluster.local_nodes == 0)
    given_.say("waiting for " + std::to_string(count_.least) + (count_.least == 1 ? " node" : " nodes") + " at " +
               to_text(system_->identity().address) + ": syngrad node --join " +
               to_text(join_address(system_->identity().address)));
  std::optional<clock::time_point> enough; // since when
  for (;;) {
    take(inbox_->next(std::chrono::milliseconds(100)));
    if (interrupted_) return error{"interrupted before the training began"};
    if (const auto ended = local_.first_that_ended(); !ended.empty())
      return error{"--local-nodes: a node " + ended + " before the training began"};
    const int ready = ready_nodes();
    if (ready >= count_.most) break;
    if (ready < count_.least) {
      enough.reset();
    } else {
      if (!enough) enough = clock::now();
      if (clock::now() - *enough > std::chrono::seconds(2) && ready == static_cast<int>(candidates_.size())) break;
    }
  }
  closed_ = true;
  return ok();
}

// ---- what they do

// Every group in this process: for its costs, and for what every node must find, too.
result<run_plan> distributed_training::plan_whole() const {
  const auto& settings = given_.options->settings;
  auto model = make_network(given_.options->model);
  if (!model) return model.failure();
  auto& host = const_cast<cpu_device&>(host_);
  return make_run_plan(settings, std::move(*model), nullptr, device_places::all_on(host, settings.split), {});
}

status distributed_training::place(const run_plan& whole) {
  const auto& options = *given_.options;
  std::vector<placeable_node> nodes;
  for (const auto& [number, each] : candidates_)
    nodes.push_back(
      {number, each.seat.who.name, split_list(each.brings->devices), each.brings->flops, each.bytes_per_second});
  if (options.devices.place.empty()) {
    std::vector<placeable_group> groups;
    for (const auto& each : whole.groups) {
      placeable_group cost;
      cost.multiply_adds = 3 * each.layers->multiply_adds();
      if (each.predictor)
        cost.multiply_adds += each.predictor->predict_multiply_adds() + each.predictor->train_multiply_adds();
      cost.bytes_below = 2 * 4 * static_cast<double>(each.layers->inputs());
      groups.push_back(cost);
    }
    places_ = place_by_cost(groups, nodes);
  } else {
    nodes.insert(nodes.begin(), {0, "the coordinator", {"cpu"}, 1, 0});
    auto placed = place_by_hand(options.devices.place, whole.groups.size(), nodes);
    if (!placed) return placed.failure();
    places_ = std::move(*placed);
  }
  for (const auto& each : nodes)
    if (each.node != 0)
      given_.say("node " + each.name + ": " + show_rate(2e-9 * each.flops, "GFLOP/s") + ", " +
                 show_rate(each.bytes_per_second * 1e-6, "MB/s"));
  given_.say("placed: " + format_places(places_, nodes));
  return ok();
}

result<run_plan> distributed_training::plan_here() {
  const auto& options = *given_.options;
  device_places places;
  places.source = &host_;
  for (const auto& each : places_) places.groups.push_back(each.node == 0 ? &host_ : nullptr);
  auto model = make_network(options.model);
  if (!model) return model.failure();
  return make_run_plan(options.settings, std::move(*model), given_.data, places, given_.observer, given_.trace);
}

training_summary distributed_training::run() {
  auto out = train();
  if (!conducted_) send_home(out);
  return out;
}

// Of a run that never began: the nodes end with the same reason.
void distributed_training::send_home(const training_summary& summary) {
  closed_ = true;
  std::set<std::uint8_t> on_the_way;
  for (auto& [number, each] : candidates_) {
    each.seat.control.say(finish{static_cast<std::uint8_t>(summary.end), summary.failure, false, false});
    each.seat.control.say(dismiss{});
    each.seat.control.drain();
    if (each.up) on_the_way.insert(number);
  }
  const auto until = clock::now() + std::chrono::seconds(3);
  while (!on_the_way.empty() && clock::now() < until)
    if (const auto gone = dismissed_node(inbox_->next(std::chrono::milliseconds(100)))) on_the_way.erase(*gone);
}

training_summary distributed_training::train() {
  if (auto here = wait_for_nodes(); !here) return failed(here.message(), interrupted_);
  {
    const auto whole = plan_whole();
    if (!whole) return failed(whole.message(), false);
    if (auto placed = place(*whole); !placed) return failed(placed.message(), false);
    for (std::size_t i = 0; i < whole->groups.size(); ++i) hashes_.push_back(hash_of_group(*whole, i));
    for (const auto& each : whole->groups) weight_bytes_.push_back(weight_bytes_of(each));
  }
  auto plan = plan_here();
  if (!plan) return failed(plan.message(), false);
  const auto& options = *given_.options;
  conductor_setup conductor;
  conductor.system = &system_->get();
  conductor.inbox = inbox_.get();
  conductor.host = &host_;
  conductor.hashes = hashes_;
  conductor.weight_bytes = weight_bytes_;
  conductor.options.activations = conductor.options.gradients = *parse_wire_format(options.cluster.wire);
  conductor.gather_traces = given_.trace != nullptr;
  conductor.hang_after_s = options.settings.hang_after_s;
  conductor.on_trace = [this](const std::string& node, const trace_part& part) { given_.traces->take(node, part); };
  auto& order = conductor.order;
  order.run_id = given_.trace ? given_.trace->run_id() : system_->identity().instance;
  order.options = given_.run_ini;
  order.groups = places_;
  order.peer_timeout_s = options.cluster.network.peer_timeout_s;
  order.reconnect_for_s = options.cluster.network.reconnect_for_s;
  const auto& self = system_->identity();
  order.members.push_back({0, self.name, self.address.host, self.address.port, self.instance});
  for (const auto& [number, each] : candidates_) {
    order.members.push_back(each.seat.who);
    conductor.nodes.push_back(each.seat);
  }
  conducted_ = true;
  conducted_run run(std::move(conductor), std::move(*plan));
  auto out = run.run();
  weights_ = run.weights();
  if (run.stuck()) leak_deliberately(std::move(system_));
  return out;
}

training_summary distributed_training::failed(const std::string& why, bool interrupted) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  training_summary out;
  out.end = interrupted ? run_end::interrupted : run_end::failed;
  out.failure = why;
  out.test_error_percent = out.validation_error_percent = out.final_loss = nan;
  return out;
}

void distributed_training::interrupt() {
  caf::anon_send(inbox_address_, interrupt_run{});
}

} // namespace syngrad::tools
