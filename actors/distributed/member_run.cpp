#include "actors/distributed/member_run.hpp"

#include "actors/distributed/group_survey.hpp"
#include "actors/distributed/process_part.hpp"
#include "actors/group_weights.hpp"
#include "actors/hang_watch.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

namespace {

std::optional<error> what_failed(const status& done) {
  if (done) return std::nullopt;
  return done.failure();
}

std::vector<std::uint8_t> nodes_of(const run_order& order) {
  std::vector<std::uint8_t> nodes;
  for (const auto& each : order.groups) nodes.push_back(each.node);
  return nodes;
}

} // namespace

member_outcome member_run::run() {
  member_outcome out;
  if (wait_for(control_type::run_order) && build() && wait_for(control_type::open_links) && join())
    wait_for(control_type::finish);
  if (!finish_ && !left_ && !orphan_ && !actors_.all.empty()) say_waits(); // nobody will ask any more
  stop_actors(out);
  conclude(out);
  return out;
}

void member_run::conclude(member_outcome& out) {
  if (finish_) {
    out.end = static_cast<run_end>(finish_->end);
    out.why = finish_->why;
    deliver(out);
    return;
  }
  if (interrupts_ > 0) out.end = run_end::interrupted;
  if (left_)
    out.why = order_ ? "interrupted twice" : "interrupted before the run began";
  else
    out.why = !lost_.empty() ? lost_ : trouble_ + "; the coordinator did not end the run in time";
}

std::vector<layer_group::named_tensor> member_run::weights() const {
  if (!plan_) return {};
  return read_weights(plan_->groups, find_lost_groups(plan_->groups));
}

// ---- what happens meanwhile

bool member_run::wait_for(control_type wanted) {
  wanted_ = wanted;
  said_.reset();
  while (!said_ && !over()) {
    if (deadline_ && clock::now() >= *deadline_) return false;
    take(setup_.inbox->next(std::chrono::milliseconds(200)));
  }
  return said_.has_value();
}

bool member_run::wait_for_neighbours(const std::vector<std::uint8_t>& neighbours) {
  const auto complete = [&] {
    return std::all_of(neighbours.begin(), neighbours.end(),
                       [&](std::uint8_t node) { return node == 0 || connected_.contains(node); });
  };
  while (!complete() && !over()) {
    if (deadline_ && clock::now() >= *deadline_) return false;
    take(setup_.inbox->next(std::chrono::milliseconds(200)));
  }
  return !over();
}

void member_run::take(const run_event& event) {
  if (const auto* said = std::get_if<node_said>(&event)) take(*said);
  if (const auto* up = std::get_if<peer_up>(&event)) take(*up);
  if (const auto* dead = std::get_if<peer_dead>(&event)) take(*dead);
  if (const auto* ended = std::get_if<actor_ended>(&event)) take(*ended);
  if (std::holds_alternative<interrupt_run>(event)) interrupt();
  if (std::holds_alternative<keep_weights>(event)) keep_and_say();
  if (std::holds_alternative<starter_gone>(event)) {
    orphan_ = true;
    lost_ = "the process that started this node is gone";
  }
  if (const auto* waiting = std::get_if<peer_waiting>(&event))
    setup_.notice("waits for " + name_of_node(waiting->node) + ": " + waiting->why);
  // At the end others are dismissed before us, and close their connections.
  if (const auto* down = std::get_if<peer_down>(&event); down && wanted_ != control_type::dismiss)
    setup_.notice("lost the connection to " + name_of_node(down->node) + " (" + down->why + "); trying again");
}

void member_run::take(const node_said& said) {
  const auto type = static_cast<control_type>(said.message.type);
  if (type == control_type::finish) {
    const auto order = decode<finish>(said.message);
    if (!order)
      lost_ = order.message();
    else if (!finish_)
      finish_ = *order;
  }
  if (type == control_type::tell_waits)
    if (const auto asked = decode<tell_waits>(said.message)) {
      const work_probe probe;
      const auto text = to_waits_text(waits_here());
      const bool slow = probe.saw_computing() || (actors_.state && actors_.state->expected_ns > steady_now_ns());
      setup_.coordinator->say(waits_told{asked->number, text, slow});
    }
  if (type == control_type::tell_weights)
    if (const auto asked = decode<tell_weights>(said.message)) tell(*asked);
  if (type == wanted_) said_ = said.message;
}

std::vector<std::string> member_run::waits_here() const {
  if (actors_.all.empty()) return {order_ ? "builds its groups, or waits for its neighbours" : "waits for an order"};
  return waits_of_process(actors_.all, peers_);
}

void member_run::say_waits() const {
  setup_.notice("who waited for whom here:");
  for (const auto& line : waits_here()) setup_.notice("  " + line);
}

void member_run::take(const peer_up& up) {
  connected_.insert(up.node);
}

void member_run::take(const peer_dead& dead) {
  const auto places = order_ ? order_->groups : std::vector<group_place>{};
  const auto line = describe_loss(name_of_node(dead.node), dead, places);
  if (dead.node == 0)
    lost_ = line;
  else if (wanted_ != control_type::dismiss) // at the end others are dismissed before us, or their end changes nothing
    trouble_here(line);
}

void member_run::take(const actor_ended& ended) {
  if (ended.why.empty()) return;
  for (const auto& each : actors_.all)
    if (each.address() == ended.who)
      trouble_here("on node " + setup_.name + " an actor ended before the run did: " + ended.why);
}

// Who has no part in a run yet is missed by nobody; with a part, the coordinator ends the run for all, in order, and in
// the time that it takes.
void member_run::interrupt() {
  left_ = ++interrupts_ > 1 || !order_;
  if (left_ || over()) return;
  setup_.coordinator->say(trouble{error::interrupted("node " + setup_.name + " was interrupted")});
  keep_and_say();
}

void member_run::trouble_here(const std::string& why) {
  if (!trouble_.empty() || over()) return;
  trouble_ = why;
  deadline_ = clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(setup_.patience_s * 1e3));
  setup_.coordinator->say(trouble{error::peer(why)});
}

std::string member_run::name_of_node(std::uint8_t node) const {
  if (node == 0) return "the coordinator";
  if (order_)
    for (const auto& each : order_->members)
      if (each.node == node) return "node " + each.name;
  return fmt::format("node {}", node);
}

// ---- the stages

bool member_run::build() {
  built answer;
  auto order = decode<run_order>(*said_);
  if (!order) {
    answer.failure = order.failure();
  } else {
    order_ = std::move(*order);
    auto plan = setup_.build(*order_);
    if (plan) {
      plan->node = order_->node;
      plan_ = std::move(*plan);
      for (std::size_t i = 0; i < plan_->groups.size(); ++i)
        if (plan_->groups[i].layers) answer.groups.push_back({static_cast<std::uint16_t>(i), hash_of_group(*plan_, i)});
    } else {
      answer.failure = plan.failure();
    }
  }
  setup_.coordinator->say(answer);
  if (answer.failure) trouble_ = answer.failure->message;
  if (!plan_) wait_for(control_type::finish); // the coordinator knows, and says so to all
  return plan_.has_value();
}

bool member_run::join() {
  const auto node_of = nodes_of(*order_);
  actors_ = spawn_local_actors(*setup_.system, *plan_);
  for (const auto& each : actors_.all) setup_.inbox->watch(each);
  links_ = join_with_links(*setup_.system, *plan_, actors_,
                           {order_->node, node_of, [this](std::uint8_t node) { return setup_.peer_of(*order_, node); },
                            setup_.host, setup_.options_of_links()});
  for (const auto& end : links_.ends) setup_.inbox->watch(end.actor);
  const auto neighbours = neighbours_of(order_->node, node_of);
  for (const auto node : neighbours) peers_.push_back(setup_.peer_of(*order_, node));
  if (!wait_for_neighbours(neighbours)) {
    if (!over()) wait_for(control_type::finish);
    return false;
  }
  setup_.coordinator->say(ready{});
  return true;
}

void member_run::stop_actors(member_outcome& out) {
  out.stuck = syngrad::stop_actors(*setup_.system, actors_.all);
  actors_ = {};
  links_ = {};
  if (plan_)
    for (auto* each : plan_->devices) each->synchronize();
  if (plan_ && plan_->work && out.stuck.empty()) plan_->work->flush();
}

void member_run::deliver(member_outcome& out) {
  if (finish_->send_weights && plan_) send_weights();
  auto sent = ok();
  if (finish_->send_trace && setup_.send_trace)
    sent = setup_.send_trace([this](const trace_part& part) { setup_.coordinator->say(part); });
  auto devices = plan_ ? plan_->devices : std::vector<device*>{};
  devices.push_back(setup_.host);
  setup_.coordinator->say(done{what_failed(sent), memory_of(devices)});
  deadline_.reset();
  // `finish` is no longer what ends the wait.
  const auto finished = std::exchange(finish_, std::nullopt);
  const bool dismissed = wait_for(control_type::dismiss);
  const auto complete = [&] {
    const auto last = decode<dismiss>(*said_);
    return last && last->complete;
  };
  out.delivered = dismissed && complete() && sent;
  finish_ = finished;
}

void member_run::send_weights() {
  for (const auto& each : weights()) setup_.coordinator->say(part_of(each.name, each.value, 0));
}

// ---- weights while training

// On a disk first, whoever is killed next; a disk that takes nothing is no reason not to do the rest.
status member_run::keep_now(const std::function<void(std::span<const layer_group::named_tensor>)>& then) {
  if (actors_.all.empty()) return error::busy("its groups are not there yet");
  return with_weights_now(plan_->groups, message_patience, [&](auto weights) {
    auto kept = setup_.keep ? setup_.keep(weights) : ok();
    if (then) then(weights);
    return kept;
  });
}

void member_run::keep_and_say() {
  const auto kept = keep_now({});
  setup_.notice(kept ? "the weights here, as they are now, are saved" : "no weights are saved here: " + kept.message());
}

void member_run::tell(const tell_weights& asked) {
  bool sent = false;
  const auto kept = keep_now([&](auto weights) {
    for (const auto& each : weights) setup_.coordinator->say(part_of(each.name, each.value, asked.number));
    sent = true;
  });
  if (sent && !kept) setup_.notice("no weights are saved here: " + kept.message());
  setup_.coordinator->say(weights_told{asked.number, sent ? std::nullopt : what_failed(kept)});
}

} // namespace syngrad
