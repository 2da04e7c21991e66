#include "actors/distributed/conducted_run.hpp"

#include "actors/distributed/loss_text.hpp"
#include "actors/distributed/memory_of.hpp"
#include "actors/distributed/stop_actors.hpp"
#include "actors/group_weights.hpp"
#include "actors/hang_report.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

namespace syngrad {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Calls that come from two threads, one at a time.
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

} // namespace

conducted_run::conducted_run(conductor_setup setup, run_plan plan) : setup_(std::move(setup)), plan_(std::move(plan)) {
  plan_.observer = one_at_a_time(std::move(plan_.observer), telling_);
  for (auto& each : setup_.nodes) members_.emplace(each.who.node, member{each});
}

training_summary conducted_run::run() {
  order_all();
  wait_while([this] { return !all_stand(standing::built); });
  if (!summary_) {
    for (auto& [number, each] : members_) each.node.control.say(open_links{});
    actors_ = spawn_local_actors(*setup_.system, plan_);
    std::vector<std::uint8_t> node_of;
    for (const auto& each : setup_.order.groups) node_of.push_back(each.node);
    links_ = join_with_links(
      *setup_.system, plan_, actors_,
      {0, node_of, [this](std::uint8_t node) { return find(node)->node.peer; }, setup_.host, setup_.options});
    for (const auto& each : actors_.all) setup_.inbox->watch(each);
    wait_while([this] { return !all_stand(standing::ready); });
  }
  if (!summary_) {
    begin();
    wait_while([] { return true; });
  }
  finish_all();
  return *summary_;
}

std::vector<layer_group::named_tensor> conducted_run::weights() const {
  auto all = gathered_;
  for (auto& each : read_weights(plan_.groups, find_lost_groups(plan_.groups))) all.push_back(std::move(each));
  return all;
}

// ---- the steps

void conducted_run::order_all() {
  for (auto& [number, each] : members_) {
    auto order = setup_.order;
    order.node = number;
    each.node.control.say(order);
  }
}

bool conducted_run::all_stand(standing at_least) const {
  return std::all_of(members_.begin(), members_.end(),
                     [&](const auto& each) { return each.second.stands >= at_least; });
}

void conducted_run::begin() {
  outcome_ = actors_.state->outcome.get_future();
  begun_ = true;
  seen_at_ = clock::now();
  start_run(actors_, links_.outside, plan_);
}

// Ends the nodes' parts; what they have is gathered, also where the run failed.
void conducted_run::finish_all() {
  finish end;
  end.end = static_cast<std::uint8_t>(summary_->end);
  end.why = summary_->failure;
  end.send_weights = begun_;
  end.send_trace = begun_ && setup_.gather_traces;
  for (auto& [number, each] : members_)
    if (each.stands != standing::dead) each.node.control.say(end);
  stuck_ = syngrad::stop_actors(*setup_.system, actors_.all);
  actors_ = {};
  links_ = {};
  if (stuck_.empty())
    for (auto* each : plan_.devices) each->synchronize();
  if (stuck_.empty() && plan_.work) plan_.work->flush();
  auto devices = plan_.devices;
  devices.push_back(setup_.host);
  summary_->device_bytes = 0;
  take_memory("coordinator", memory_of(devices));
  const auto until = clock::now() + std::chrono::seconds(600);
  while (!all_stand(standing::done) && clock::now() < until) take(setup_.inbox->next(std::chrono::milliseconds(200)));
  std::stable_sort(summary_->memory.begin(), summary_->memory.end(),
                   [](const auto& a, const auto& b) { return a.node < b.node; }); // they came as they were done
  dismiss_all();
}

// The nodes go when they hear it; a connection that ends meanwhile is as good as an answer.
void conducted_run::dismiss_all() {
  std::set<std::uint8_t> on_the_way;
  for (auto& [number, each] : members_) {
    if (each.stands == standing::dead) continue;
    each.node.control.say(dismiss{});
    each.node.control.drain();
    on_the_way.insert(number);
  }
  const auto until = clock::now() + std::chrono::seconds(3);
  while (!on_the_way.empty() && clock::now() < until)
    if (const auto gone = dismissed_node(setup_.inbox->next(std::chrono::milliseconds(100)))) on_the_way.erase(*gone);
}

// ---- what happens meanwhile

void conducted_run::wait_while(const std::function<bool()>& going_on) {
  while (!summary_ && going_on()) {
    take(setup_.inbox->next(std::chrono::milliseconds(200)));
    if (begun_ && !summary_ && outcome_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
      summary_ = outcome_.get();
    check_links();
    check_progress();
  }
}

void conducted_run::take(const run_event& event) {
  if (const auto* said = std::get_if<node_said>(&event)) take(*said);
  if (const auto* dead = std::get_if<peer_dead>(&event)) take(*dead);
  if (const auto* ended = std::get_if<actor_ended>(&event)) take(*ended);
  if (std::holds_alternative<interrupt_run>(event)) interrupt();
  const auto name = [this](std::uint8_t node) {
    const auto* found = find(node);
    return "node " + (found ? found->node.who.name : std::to_string(node));
  };
  if (const auto* down = std::get_if<peer_down>(&event))
    notice("lost the connection to " + name(down->node) + " (" + down->why + "); waiting for it to come back");
  if (const auto* up = std::get_if<peer_up>(&event); up && up->session > 1) notice(name(up->node) + " is back");
}

void conducted_run::take(const node_said& said) {
  auto* from = find(said.node);
  if (!from || from->stands == standing::dead) return;
  const auto unreadable = [&](const std::string& why) { fail("node " + from->node.who.name + " sent " + why); };
  const auto with = [&](auto message, auto action) {
    if (message)
      action(*message);
    else
      unreadable(message.message());
  };
  switch (static_cast<control_type>(said.message.type)) {
  case control_type::built:
    with(decode<built>(said.message), [&](const built& answer) { take_built(*from, answer); });
    break;
  case control_type::ready:
    from->stands = std::max(from->stands, standing::ready);
    break;
  case control_type::weights_part:
    with(decode<weights_part>(said.message), [&](const weights_part& part) { take_weights(part); });
    break;
  case control_type::trace_part:
    if (setup_.on_trace)
      with(decode<trace_part>(said.message),
           [&](const trace_part& part) { setup_.on_trace(from->node.who.name, part); });
    break;
  case control_type::done:
    from->stands = standing::done;
    with(decode<done>(said.message), [&](const done& end) {
      take_memory(from->node.who.name, end.memory);
      if (!end.problem.empty()) notice("node " + from->node.who.name + ": " + end.problem);
    });
    break;
  case control_type::trouble:
    with(decode<trouble>(said.message), [&](const trouble& what) { fail(what.why); });
    break;
  case control_type::introduction: // said before the run
    break;
  case control_type::run_order:
  case control_type::open_links:
  case control_type::finish:
  case control_type::dismiss:
    unreadable("an order, which only the coordinator gives");
    break;
  }
}

void conducted_run::take_built(member& from, const built& answer) {
  const auto& name = from.node.who.name;
  if (!answer.failure.empty()) {
    fail("node " + name + " cannot build its groups: " + answer.failure);
    return;
  }
  for (const auto& each : answer.groups) {
    if (each.group < setup_.hashes.size() && setup_.hashes[each.group] == each.hash) continue;
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%016llx and %016llx",
                  static_cast<unsigned long long>(each.group < setup_.hashes.size() ? setup_.hashes[each.group] : 0),
                  static_cast<unsigned long long>(each.hash));
    fail("group " + std::to_string(each.group) + " is not the same on the coordinator and on node " + name +
         " (hashes " + numbers + "): run the same build of syngrad on both");
    return;
  }
  from.stands = std::max(from.stands, standing::built);
}

void conducted_run::take_weights(const weights_part& part) {
  const auto extents = shape_of(part);
  if (!extents) {
    notice(extents.message() + " They are left out");
    return;
  }
  auto here = make_tensor(setup_.host->make_stream(), *extents, part.kind);
  if (!part.bytes.empty()) std::memcpy(here.data(), part.bytes.data(), part.bytes.size());
  gathered_.push_back({part.name, std::move(here)});
}

void conducted_run::take_memory(const std::string& node, std::vector<held_memory> rows) {
  if (!summary_) return; // a node that is done before it was told to
  for (auto& each : rows) {
    each.node = node;
    summary_->device_bytes += each.bytes;
    summary_->memory.push_back(std::move(each));
  }
}

void conducted_run::take(const peer_dead& dead) {
  auto* found = find(dead.node);
  if (!found || found->stands == standing::done) return;
  found->stands = standing::dead;
  fail(describe_loss("node " + found->node.who.name, dead, setup_.order.groups));
}

// A link that ends because its peer is dead says less than the peer: give that a moment.
void conducted_run::take(const actor_ended& ended) {
  if (ended.why.empty() || broken_ || summary_) return;
  for (const auto& end : links_.ends)
    if (end.actor.address() == ended.who)
      broken_ = broken_link{end.route.title() + " ended: " + ended.why, clock::now()};
}

void conducted_run::check_links() {
  if (broken_ && !summary_ && clock::now() - broken_->since > std::chrono::seconds(1)) fail(broken_->why);
}

void conducted_run::fail(const std::string& why) {
  if (summary_) return;
  if (begun_) { // the actor has the numbers so far
    caf::anon_send(actors_.coordinator, failure{{}, why, 0, false});
    summary_ = outcome_.get();
    return;
  }
  summary_.emplace();
  summary_->end = run_end::failed;
  summary_->failure = why;
  summary_->test_error_percent = summary_->validation_error_percent = summary_->final_loss = nan;
}

void conducted_run::interrupt() {
  if (summary_) return;
  if (begun_) {
    caf::anon_send(actors_.coordinator, interrupt_run{});
    return;
  }
  fail("interrupted before the training began");
  summary_->end = run_end::interrupted;
}

void conducted_run::check_progress() {
  if (!begun_ || summary_ || setup_.hang_after_s <= 0) return;
  const auto beat = actors_.state->heartbeat.load();
  const auto now = clock::now();
  if (beat != seen_beat_) {
    seen_beat_ = beat;
    seen_at_ = now;
  }
  // A network that is away is no hang before its time is over.
  const auto patience = std::chrono::duration<double>(setup_.hang_after_s + setup_.order.reconnect_for_s);
  if (now - seen_at_ < patience) return;
  const auto line = "no progress for " + std::to_string(static_cast<int>(patience.count())) + " s";
  notice(line + "; who waits for whom, in this process:");
  for (const auto& each : who_waits_for_whom(actors_.all, std::chrono::milliseconds(500))) notice("  " + each);
  summary_.emplace();
  summary_->end = run_end::hung;
  summary_->failure = line + " (--hang-after)";
  summary_->test_error_percent = summary_->validation_error_percent = nan;
}

conducted_run::member* conducted_run::find(std::uint8_t node) {
  const auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

void conducted_run::notice(const std::string& line) {
  if (plan_.observer.on_notice) plan_.observer.on_notice(line);
}

} // namespace syngrad
