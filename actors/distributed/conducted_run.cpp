// Of conducted_run: the steps of a run, in their order. What happens meanwhile is in conducted_events.cpp.
#include "actors/distributed/conducted_run.hpp"

#include "actors/distributed/process_part.hpp"
#include "actors/distributed/result_gathering.hpp"
#include "actors/group_weights.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace syngrad {

namespace {

constexpr double least_patience_s = 15; // a node's actors may take long to stop, and its devices to finish
constexpr std::uint64_t trace_headroom = std::uint64_t{64} << 20; // headers and names are beyond the limit

// Those of `all` whose names are not among `have`.
std::vector<layer_group::named_tensor> absent(const std::vector<layer_group::named_tensor>& all,
                                              const std::vector<layer_group::named_tensor>& have) {
  std::vector<layer_group::named_tensor> out;
  for (const auto& each : all)
    if (std::none_of(have.begin(), have.end(), [&](const auto& other) { return other.name == each.name; }))
      out.push_back(each);
  return out;
}

// Lets calls from two threads through one at a time.
training_observer one_at_a_time(training_observer observer, const std::shared_ptr<std::mutex>& mutex) {
  const auto guarded = [&](auto& callback) {
    if (callback)
      callback = [inner = std::move(callback), mutex](const auto& report) {
        const std::lock_guard lock(*mutex);
        inner(report);
      };
  };
  guarded(observer.on_progress);
  guarded(observer.on_evaluation);
  guarded(observer.on_notice);
  return observer;
}

// While the network is away nothing goes on; that is no hang before --reconnect-for has passed.
hang_watch::seconds patience_of(const conductor_setup& setup) {
  return hang_watch::seconds(setup.hang_after_s > 0 ? setup.hang_after_s + setup.order.reconnect_for_s : 0);
}

} // namespace

conducted_run::conducted_run(conductor_setup setup, run_plan plan)
  : setup_(std::move(setup)), plan_(std::move(plan)), nodes_(setup_.nodes), watch_(patience_of(setup_)) {
  plan_.observer = one_at_a_time(std::move(plan_.observer), telling_);
}

training_summary conducted_run::run() {
  order_all();
  wait_while([this] { return !nodes_.all_stand(standing::built); });
  if (!summary_) {
    join();
    wait_while([this] { return !nodes_.all_stand(standing::ready); });
  }
  if (!summary_) {
    begin();
    wait_while([] { return true; });
  }
  finish_all();
  return *summary_;
}

std::vector<layer_group::named_tensor> conducted_run::weights() const {
  if (!begun_) return {};
  auto all = gathered_;
  for (auto& each : absent(told_, gathered_)) all.push_back(std::move(each));
  for (auto& each : read_weights(plan_.groups, find_lost_groups(plan_.groups))) all.push_back(std::move(each));
  return all;
}

status conducted_run::with_weights_here(const weights_use& use) {
  return with_weights_now(plan_.groups, message_patience, use);
}

void conducted_run::order_all() {
  for (auto& [number, each] : nodes_) {
    auto order = setup_.order;
    order.node = number;
    each.seat.control.say(order);
  }
}

void conducted_run::join() {
  nodes_.say(open_links{});
  actors_ = spawn_local_actors(*setup_.system, plan_);
  std::vector<std::uint8_t> node_of;
  for (const auto& each : setup_.order.groups) node_of.push_back(each.node);
  links_ = join_with_links(
    *setup_.system, plan_, actors_,
    {0, node_of, [this](std::uint8_t node) { return nodes_.find(node)->seat.peer; }, setup_.host, setup_.options});
  for (const auto& each : actors_.all) setup_.inbox->watch(each);
}

void conducted_run::begin() {
  outcome_ = actors_.state->outcome.get_future();
  begun_ = true;
  start_run(actors_, links_.outside, plan_);
}

// Ends the nodes' parts; what they have is gathered, also where the run failed.
void conducted_run::finish_all() {
  finish end;
  end.end = static_cast<std::uint8_t>(summary_->end);
  end.why = summary_->failure;
  end.send_weights = begun_;
  end.send_trace = begun_ && setup_.gather_traces;
  nodes_.say(end);
  stop_own_part();
  gather();
}

void conducted_run::stop_own_part() {
  stuck_ = syngrad::stop_actors(*setup_.system, actors_.all);
  actors_ = {};
  links_ = {};
  if (!stuck_.empty()) return;
  for (auto* each : plan_.devices) each->synchronize();
  if (plan_.work) plan_.work->flush();
}

void conducted_run::gather() {
  const auto& order = setup_.order;
  result_gathering::setup setup;
  setup.nodes = &nodes_;
  setup.host = setup_.host;
  setup.places = order.groups;
  if (begun_) setup.weight_bytes = setup_.weight_bytes;
  if (begun_ && setup_.gather_traces && plan_.trace)
    setup.trace_bytes = 2 * plan_.trace->limit_bytes() + trace_headroom;
  setup.patience_s = std::max(least_patience_s, order.peer_timeout_s + order.reconnect_for_s);
  setup.on_trace = setup_.on_trace;
  setup.notice = [this](const std::string& line) { notice(line); };
  result_gathering gathering(std::move(setup), interrupts_, clock::now());
  while (!gathering.over()) gathering.take(setup_.inbox->next(std::chrono::milliseconds(200)), clock::now());
  gathered_ = gathering.weights();
  sum_up_memory(gathering.memory());
  for (const auto& [number, each] : nodes_)
    if (gathering.has_all_of(number)) complete_.insert(number);
  if (const auto missing = gathering.missing(); !missing.empty()) {
    if (ended_well(summary_->end)) summary_->end = run_end::failed;
    summary_->failure += (summary_->failure.empty() ? "" : "; ") + missing;
  }
  if (!absent(told_, gathered_).empty())
    summary_->failure += "; what is saved of them is older, from when weights were saved while training";
}

void conducted_run::sum_up_memory(std::vector<held_memory> of_nodes) {
  auto devices = plan_.devices;
  devices.push_back(setup_.host);
  auto& rows = summary_->memory;
  rows = memory_of(devices);
  for (auto& each : rows) each.node = "coordinator";
  std::move(of_nodes.begin(), of_nodes.end(), std::back_inserter(rows));
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  summary_->device_bytes = 0;
  for (const auto& each : rows) summary_->device_bytes += each.bytes;
}

// The nodes go when they hear it; a connection that ends meanwhile is as good as an answer. Without either, a node that
// is silent for longer than the time-out is not known to live. An interrupted run does not wait for who is away.
void conducted_run::dismiss_all(bool on_disk) {
  std::set<std::uint8_t> on_the_way;
  for (auto& [number, each] : nodes_) {
    if (each.lost()) continue;
    each.seat.control.say(dismiss{on_disk && complete_.contains(number)});
    each.seat.control.drain();
    if (!each.away || interrupts_ == 0) on_the_way.insert(number);
  }
  const auto until = clock::now() + std::chrono::duration<double>(setup_.order.peer_timeout_s);
  while (!on_the_way.empty() && clock::now() < until) {
    const auto event = setup_.inbox->next(std::chrono::milliseconds(100));
    if (std::holds_alternative<interrupt_run>(event)) return;
    if (const auto gone = dismissed_node(event)) on_the_way.erase(*gone);
  }
}

void conducted_run::notice(const std::string& line) {
  if (plan_.observer.on_notice) plan_.observer.on_notice(line);
}

} // namespace syngrad
