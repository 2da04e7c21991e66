#include "actors/distributed/coordinated_training.hpp"

#include "actors/nodes/addresses.hpp"
#include "actors/sanitizers.hpp"
#include "actors/setting_schema.hpp"

#include <chrono>
#include <limits>
#include <utility>

namespace syngrad {

namespace {

training_summary never_trained(const error& why) {
  training_summary out;
  out.end = why.kind == error_kind::interrupted ? run_end::interrupted : run_end::failed;
  out.failure = why.message;
  out.final_loss = std::numeric_limits<double>::quiet_NaN();
  return out;
}

// Between two processes lies a real network. A delay that is counted in batches needs none.
status check_emulated_links(const emulated_network& link, const std::vector<group_place>& places) {
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    if (places[i].node == places[i + 1].node || !link.at(static_cast<int>(i)).takes_time()) continue;
    const auto interface = std::to_string(i);
    return error::setting("link: groups " + interface + " and " + std::to_string(i + 1) +
                          " are in different processes, with a real network between them; leave interface " +
                          interface + " out, or place both groups in one process");
  }
  return ok();
}

constexpr const char* no_checkpoints =
  "the state of a run over several processes cannot be saved; run it in one process, or without checkpoints";

} // namespace

result<std::unique_ptr<coordinated_training>> coordinated_training::open(setup given) {
  if (given.settings.checkpoint_every > 0 || given.settings.checkpoint_every_s > 0)
    return error::setting(std::string("checkpoint-every: ") + no_checkpoints);
  std::unique_ptr<coordinated_training> out(new coordinated_training(std::move(given)));
  if (auto done = out->survey(); !done) return done.failure();
  if (auto done = out->listen(); !done) return done.failure();
  return out;
}

coordinated_training::~coordinated_training() {
  dismiss_nodes();
  if (nodes_) nodes_->leave(!system_);
  inbox_address_ = nullptr;
  if (inbox_) {
    inbox_->on_join = nullptr;
    inbox_->on_roster = nullptr;
  }
  inbox_.reset();
}

void coordinated_training::say(const std::string& line) const {
  if (given_.say) given_.say(line);
}

status coordinated_training::survey() {
  const auto model = make_network(given_.settings.model);
  if (!model) return model.failure().prefixed("model: ");
  if (const auto wire = wire_choice::parse(given_.settings.wire); !wire) return wire.failure().prefixed("wire: ");
  cpu_device scratch; // what is sampled goes with it
  auto found = survey_groups(given_.settings, *model, scratch);
  if (!found) return found.failure();
  survey_ = std::move(*found);
  return ok();
}

status coordinated_training::listen() {
  auto settings = given_.network;
  if (settings.name.empty() && !settings.tls.any()) settings.name = "coordinator";
  if (!settings.listen) settings.listen = endpoint{"127.0.0.1", 0};
  auto opened = node_system::open(settings, given_.threads, given_.settings.intra_op, given_.say);
  if (!opened) return opened.failure();
  system_ = std::move(*opened);
  inbox_ = std::make_unique<run_inbox>(system_->get());
  inbox_address_ = inbox_->address();
  nodes_.emplace(node_candidates::setup{system_.get(), inbox_.get(), &host_, given_.trace,
                                        [this](const std::string& line) { say(line); }, given_.nodes.most, given_.names,
                                        given_.awaited});
  inbox_->on_join = [this](const join_request& asked) { return nodes_->admit(asked); };
  inbox_->on_roster = [this] { return roster{nodes_->rows(places_)}; };
  caf::anon_send(system_->gatekeeper(), set_owner{inbox_address_});
  return ok();
}

// ---- before the training

status coordinated_training::wait_for_nodes() {
  node_wait wait({given_.nodes, given_.awaited, given_.wait_for_s}, node_wait::clock::now());
  for (;;) {
    const node_wait::present here{nodes_->ready(), nodes_->count()};
    const auto now = node_wait::clock::now();
    if (wait.is_reached(here, now)) break;
    if (const auto why = wait.too_late(here, now)) return error::peer(*why);
    if (const auto line = wait.news(here, now)) say(*line);
    const auto event = inbox_->next(std::chrono::milliseconds(100));
    nodes_->take(event);
    if (std::holds_alternative<interrupt_run>(event))
      return error::interrupted("interrupted before the training began");
    if (const auto hopeless = given_.gives_up ? given_.gives_up() : std::nullopt) return *hopeless;
  }
  nodes_->close();
  return ok();
}

status coordinated_training::place() {
  const auto nodes = nodes_->offers();
  auto placed = given_.place ? given_.place(survey_.costs, nodes)
                             : place_by_cost(survey_.costs, nodes, given_.settings.pipeline.chunks);
  if (!placed) return placed.failure();
  places_ = std::move(*placed);
  if (auto good = check_emulated_links(given_.settings.link, places_); !good) return good;
  for (const auto& each : nodes) say(format_measures(each));
  say("placed: " + format_places(places_, nodes));
  if (given_.on_placed) given_.on_placed(survey_.costs, places_, nodes);
  std::vector<run_member> members;
  for (const auto& each : nodes_->seats()) members.push_back(each.who);
  const auto is_loopback = [](const std::string& host) {
    const auto meaning = resolve_host(host);
    return meaning && meaning->is_loopback();
  };
  return check_reach(members, places_, is_loopback, is_own_address);
}

result<run_plan> coordinated_training::plan_here() {
  device_places places;
  places.source = &host_;
  for (const auto& each : places_) places.groups.push_back(each.node == 0 ? &host_ : nullptr);
  auto model = make_network(given_.settings.model);
  if (!model) return model.failure();
  return make_run_plan(given_.settings, std::move(*model), given_.data, places, given_.observer, given_.trace);
}

// ---- the training

training_summary coordinated_training::run() {
  auto out = train();
  if (!conducted_) nodes_->send_home({static_cast<std::uint8_t>(out.end), out.failure, false, false});
  return out;
}

conductor_setup coordinated_training::orders() {
  const auto& settings = given_.settings;
  conductor_setup out;
  out.system = &system_->get();
  out.inbox = inbox_.get();
  out.host = &host_;
  out.hashes = survey_.hashes;
  out.weight_bytes = survey_.weight_bytes;
  out.options.take(*wire_choice::parse(settings.wire));
  out.gather_traces = given_.trace && given_.on_trace;
  out.hang_after_s = settings.hang_after_s;
  out.on_told_to_end = given_.on_told_to_end;
  out.on_trace = given_.on_trace;
  out.nodes = nodes_->seats();
  const auto& self = system_->identity();
  auto& order = out.order;
  order.run_id = given_.trace ? given_.trace->run_id() : self.instance;
  order.settings = texts_of(settings);
  order.groups = places_;
  order.peer_timeout_s = given_.network.peer_timeout_s;
  order.reconnect_for_s = given_.network.reconnect_for_s;
  order.members.push_back({0, self.name, self.address.host, self.address.port, self.instance});
  for (const auto& each : out.nodes) order.members.push_back(each.who);
  return out;
}

training_summary coordinated_training::train() {
  if (auto here = wait_for_nodes(); !here) return never_trained(here.failure());
  if (auto placed = place(); !placed) return never_trained(placed.failure());
  auto plan = plan_here();
  if (!plan) return never_trained(plan.failure());
  conducted_ = std::make_unique<conducted_run>(orders(), std::move(*plan));
  training_ = true;
  auto out = conducted_->run();
  training_ = false;
  weights_ = conducted_->weights();
  return out;
}

// The nodes save theirs themselves, and send them: then the groups of this process stand still, too.
status coordinated_training::with_weights_now(const weights_use& use) {
  if (!training_) return error::busy("no training is under way");
  weights_wanted wanted{std::make_shared<std::promise<result<std::vector<layer_group::named_tensor>>>>()};
  auto answer = wanted.answer->get_future();
  caf::anon_send(inbox_address_, wanted);
  while (answer.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready)
    if (!training_) return error::busy("the training has ended, and its weights come now");
  auto all = answer.get();
  if (!all) return all.failure();
  return conducted_->with_weights_here([&](auto here) {
    all->insert(all->end(), here.begin(), here.end());
    return use(*all);
  });
}

void coordinated_training::dismiss_nodes() {
  if (!conducted_) return;
  conducted_->dismiss_all(!given_.weights_on_disk || given_.weights_on_disk());
  const bool stuck = conducted_->stuck();
  conducted_.reset();
  if (stuck) leak_deliberately(std::move(system_));
}

void coordinated_training::checkpoint_now() {
  if (given_.observer.on_checkpoint_failed) given_.observer.on_checkpoint_failed(no_checkpoints);
}

void coordinated_training::interrupt() {
  caf::anon_send(inbox_address_, interrupt_run{});
}

} // namespace syngrad
