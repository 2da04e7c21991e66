#include "tools/distributed/distributed_training.hpp"

#include "actors/deliberate_leak.hpp"
#include "actors/distributed/node_placement.hpp"
#include "actors/distributed/node_wait.hpp"
#include "actors/distributed/process_part.hpp"
#include "actors/nodes/addresses.hpp"
#include "actors/setting_schema.hpp"
#include "actors/update_policy.hpp"
#include "tools/distributed/cluster_check.hpp"
#include "tools/distributed/credit_advice.hpp"
#include "tools/distributed/local_nodes.hpp"

#include <algorithm>
#include <limits>

namespace syngrad::tools {

namespace {

// What nodes elsewhere are started with. Of a process that listens everywhere, or where --advertise says so, an address
// of this machine that others reach; where there are several, the others stand behind it.
std::string how_to_join(const endpoint& where) {
  const auto hosts = reachable_addresses(where.host);
  if (hosts.empty()) return "syngrad node --join " + to_text({"127.0.0.1", where.port}) + " (from this machine only)";
  std::string others;
  for (std::size_t i = 1; i < hosts.size(); ++i)
    others += (others.empty() ? " (or " : ", ") + to_text({hosts[i], where.port});
  return "syngrad node --join " + to_text({hosts.front(), where.port}) + others + (others.empty() ? "" : ")");
}

training_summary failed(const std::string& why, bool interrupted = false) {
  training_summary out;
  out.end = interrupted ? run_end::interrupted : run_end::failed;
  out.failure = why;
  out.final_loss = std::numeric_limits<double>::quiet_NaN();
  return out;
}

} // namespace

result<std::unique_ptr<distributed_training>> distributed_training::open(setup given) {
  std::unique_ptr<distributed_training> out(new distributed_training(std::move(given)));
  const auto count = node_count_of(out->given_.run.cluster);
  if (!count) return count.failure();
  out->count_ = *count;
  if (auto done = out->survey(); !done) return done.failure();
  if (auto done = out->listen(); !done) return done.failure();
  if (auto done = out->start_local_nodes(); !done) return done.failure();
  return out;
}

distributed_training::~distributed_training() {
  dismiss_nodes();
  if (nodes_) nodes_->leave(!system_);
  inbox_address_ = nullptr;
  if (inbox_) {
    inbox_->on_join = nullptr;
    inbox_->on_roster = nullptr;
  }
  inbox_.reset();
  if (system_) system_.reset(); // then local nodes, which wait for somebody here to answer, go
}

status distributed_training::survey() {
  cpu_device scratch; // what is sampled goes with it
  const auto model = make_network(given_.run.settings.model);
  if (!model) return error{"--model: " + model.message()};
  auto found = survey_groups(given_.run.settings, *model, scratch);
  if (!found) return error{"--" + found.message()};
  survey_ = std::move(*found);
  return ok();
}

status distributed_training::listen() {
  const auto& run = given_.run;
  auto settings = run.cluster.network;
  settings.version = SYNGRAD_VERSION;
  if (settings.name.empty() && !settings.tls.any()) settings.name = "coordinator";
  if (!settings.listen) settings.listen = endpoint{"127.0.0.1", 0}; // local nodes
  const int local = run.cluster.local_nodes;
  const int threads = local > 0 ? 1 : run.settings.threads;
  auto opened = node_system::open(settings, threads, run.settings.intra_op, given_.say);
  if (!opened) return opened.failure();
  system_ = std::move(*opened);
  inbox_ = std::make_unique<run_inbox>(system_->get());
  inbox_address_ = inbox_->address();
  node_candidates::setup nodes{system_.get(), inbox_.get(), &host_, given_.trace, given_.say, count_.most, {}, {}};
  for (int i = 1; i <= local; ++i) nodes.names.insert(local_node_name(i));
  nodes.awaited = nodes_of_places(run.devices.place);
  nodes_.emplace(std::move(nodes));
  inbox_->on_join = [this](const join_request& asked) { return nodes_->admit(asked); };
  inbox_->on_roster = [this] { return roster{nodes_->rows(places_)}; };
  caf::anon_send(system_->gatekeeper(), set_owner{inbox_address_});
  return ok();
}

status distributed_training::start_local_nodes() {
  std::vector<std::vector<std::string>> commands; // none is started where one cannot be
  for (int i = 1; i <= given_.run.cluster.local_nodes; ++i) {
    auto command = local_node_command(given_.run, {system_->listening(), system_->identity().name, given_.folder}, i);
    if (!command) return command.failure();
    commands.push_back(std::move(*command));
  }
  for (const auto& each : commands)
    if (auto started = local_.start(each); !started) return started;
  return ok();
}

// ---- before the training

status distributed_training::wait_for_nodes() {
  if (given_.run.cluster.local_nodes == 0)
    given_.say("waiting for " + std::to_string(count_.least) + (count_.least == 1 ? " node" : " nodes") + " at " +
               to_text(system_->listening()) + ": " + how_to_join(system_->identity().address));
  const auto& run = given_.run;
  node_wait wait({count_, nodes_of_places(run.devices.place), run.cluster.wait_for_s}, node_wait::clock::now());
  for (;;) {
    const node_wait::present here{nodes_->ready(), nodes_->count()};
    const auto now = node_wait::clock::now();
    if (wait.is_reached(here, now)) break;
    if (const auto why = wait.too_late(here, now)) return error{*why};
    if (const auto line = wait.news(here, now)) given_.say(*line);
    const auto event = inbox_->next(std::chrono::milliseconds(100));
    if (std::holds_alternative<interrupt_run>(event)) interrupted_ = true;
    nodes_->take(event);
    if (interrupted_) return error{"interrupted before the training began"};
    if (const auto ended = local_.first_that_ended()) {
      interrupted_ = ended->interrupted;
      return error{"--local-nodes: a node " + ended->how + " before the training began"};
    }
  }
  nodes_->close();
  return ok();
}

status distributed_training::place() {
  const auto nodes = nodes_->offers();
  auto placed = place_groups(given_.run.devices.place, survey_.costs, nodes);
  if (!placed) return placed.failure();
  places_ = std::move(*placed);
  for (const auto& each : nodes) given_.say(format_measures(each));
  given_.say("placed: " + format_places(places_, nodes));
  advise();
  std::vector<run_member> members;
  for (const auto& each : nodes_->seats()) members.push_back(each.who);
  const auto is_loopback = [](const std::string& host) {
    const auto meaning = resolve_host(host);
    return meaning && meaning->is_loopback();
  };
  return check_reach(members, places_, is_loopback, is_own_address);
}

// Where a batch waits for the one before it, whatever the credits, nothing is said.
void distributed_training::advise() const {
  const auto& settings = given_.run.settings;
  const auto first_free = static_cast<std::uint64_t>(settings.warmup_batches);
  const auto policy = make_update_policy(settings.policy, settings.warmup_batches);
  if (!policy || settings.deterministic || (*policy)->waits_for_gradient(first_free)) return;
  planned_flow flow{survey_.costs, places_, nodes_->offers(), settings.batch_size, settings.credits};
  if (std::any_of(places_.begin(), places_.end(), [](const auto& each) { return each.node == 0; }))
    flow.nodes.push_back({0, "the coordinator", {"cpu"}, measure_host_rate(settings.threads)});
  if (const auto line = credit_advice(flow)) given_.say(*line);
}

result<run_plan> distributed_training::plan_here() {
  const auto& run = given_.run;
  device_places places;
  places.source = &host_;
  for (const auto& each : places_) places.groups.push_back(each.node == 0 ? &host_ : nullptr);
  auto model = make_network(run.settings.model);
  if (!model) return model.failure();
  return make_run_plan(run.settings, std::move(*model), given_.data, places, given_.observer, given_.trace);
}

// ---- the training

training_summary distributed_training::run() {
  auto out = train();
  if (!conducted_) nodes_->send_home({static_cast<std::uint8_t>(out.end), out.failure, false, false});
  return out;
}

conductor_setup distributed_training::orders() {
  const auto& run = given_.run;
  conductor_setup out;
  out.system = &system_->get();
  out.inbox = inbox_.get();
  out.host = &host_;
  out.hashes = survey_.hashes;
  out.weight_bytes = survey_.weight_bytes;
  out.options.activations = out.options.gradients = *parse_wire_format(run.settings.wire);
  out.gather_traces = given_.trace != nullptr;
  out.hang_after_s = run.settings.hang_after_s;
  out.on_told_to_end = given_.on_told_to_end;
  out.on_trace = [this](const std::string& node, const trace_part& part) { given_.traces->take(node, part); };
  out.nodes = nodes_->seats();
  const auto& self = system_->identity();
  auto& order = out.order;
  order.run_id = given_.trace ? given_.trace->run_id() : self.instance;
  order.settings = texts_of(run.settings);
  order.groups = places_;
  order.peer_timeout_s = run.cluster.network.peer_timeout_s;
  order.reconnect_for_s = run.cluster.network.reconnect_for_s;
  order.members.push_back({0, self.name, self.address.host, self.address.port, self.instance});
  for (const auto& each : out.nodes) order.members.push_back(each.who);
  return out;
}

training_summary distributed_training::train() {
  if (auto here = wait_for_nodes(); !here) return failed(here.message(), interrupted_);
  if (auto placed = place(); !placed) return failed(placed.message());
  auto plan = plan_here();
  if (!plan) return failed(plan.message());
  conducted_ = std::make_unique<conducted_run>(orders(), std::move(*plan));
  training_ = true;
  auto out = conducted_->run();
  training_ = false;
  weights_ = conducted_->weights();
  return out;
}

// The nodes save theirs themselves, and send them: then the groups of this process stand still, too.
status distributed_training::with_weights_now(const weights_use& use) {
  if (!training_) return error{"no training is under way"};
  weights_wanted wanted{std::make_shared<std::promise<result<std::vector<layer_group::named_tensor>>>>()};
  auto answer = wanted.answer->get_future();
  caf::anon_send(inbox_address_, wanted);
  while (answer.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready)
    if (!training_) return error{"the training has ended, and its weights come now"};
  auto all = answer.get();
  if (!all) return all.failure();
  return conducted_->with_weights_here([&](auto here) {
    all->insert(all->end(), here.begin(), here.end());
    return use(*all);
  });
}

void distributed_training::dismiss_nodes() {
  if (!conducted_) return;
  conducted_->dismiss_all(given_.weights_on_disk && given_.weights_on_disk());
  const bool stuck = conducted_->stuck();
  conducted_.reset();
  if (stuck) leak_deliberately(std::move(system_));
}

void distributed_training::interrupt() {
  caf::anon_send(inbox_address_, interrupt_run{});
}

} // namespace syngrad::tools
