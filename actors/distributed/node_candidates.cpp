#include "actors/distributed/node_candidates.hpp"

#include "actors/nodes/peer_setup.hpp"
#include "actors/time_account.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

namespace {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::int64_t age_ms(std::int64_t since_ns) {
  return since_ns == 0 ? -1 : std::max<std::int64_t>(0, (steady_now_ns() - since_ns) / 1'000'000);
}

} // namespace

void node_candidates::leave(bool system_hangs) {
  for (auto& [number, each] : all_) {
    caf::anon_send(each.seat.peer, leave_peer{});
    if (!system_hangs) each.seat.control.close(given_.system->get());
  }
  all_.clear();
}

// ---- who takes part

std::string node_candidates::refusal_of(const std::string& name) const {
  if (!given_.names.empty() && !given_.names.contains(name)) return "this run starts its nodes itself (--local-nodes)";
  if (closed_) return "the run has begun, and takes no nodes any more: start this one again for the next run";
  if (count() >= given_.most) return "the run has all its nodes (--nodes)";
  auto missing = given_.awaited;
  for (const auto& [number, each] : all_) {
    if (each.seat.who.name == name) return "there is a node '" + name + "' already; give each its own --name";
    missing.erase(each.seat.who.name);
  }
  if (missing.empty() || missing.contains(name)) return "";
  if (count() + static_cast<int>(missing.size()) < given_.most) return "";
  return "the seats that are left in this run are for " + join_text(missing) + " (--place)";
}

void node_candidates::close() {
  closed_ = true;
  for (const auto& [number, each] : all_) caf::anon_send(each.seat.peer, keep_seat{});
}

admission node_candidates::admit(const join_request& asked) {
  const auto& who = asked.identity;
  if (auto refusal = refusal_of(who.name); !refusal.empty()) return {nullptr, std::move(refusal), false};
  std::uint8_t number = 1;
  while (all_.contains(number)) ++number;
  auto& [seat, gauges, brings] = all_[number];
  auto& system = *given_.system;
  seat.who = {number, who.name, who.address.host, who.address.port, who.instance};
  seat.peer = spawn_accepting_peer(system.get(),
                                   {system.context(), given_.inbox->address(), 0, number, who, given_.trace, gauges});
  seat.control = control_ends(system.get(), *given_.inbox, 0, number, seat.peer, *given_.host);
  return {seat.peer, "", false};
}

node_candidates::candidate* node_candidates::find(std::uint8_t node) {
  const auto found = all_.find(node);
  return found == all_.end() ? nullptr : &found->second;
}

// ---- what happens meanwhile

void node_candidates::take(const run_event& event) {
  if (const auto* up = std::get_if<peer_up>(&event))
    if (auto* each = find(up->node)) caf::anon_send(each->seat.peer, measure_rate{});
  if (const auto* dead = std::get_if<peer_dead>(&event)) forget(*dead);
  if (const auto* said = std::get_if<node_said>(&event)) take(*said);
}

void node_candidates::forget(const peer_dead& dead) {
  auto* each = find(dead.node);
  if (!each) return;
  given_.say("node " + each->seat.who.name + " has left: " + dead.why);
  each->seat.control.close(given_.system->get());
  all_.erase(dead.node);
}

void node_candidates::take(const node_said& said) {
  auto* each = find(said.node);
  auto brings = decode<introduction>(said.message);
  if (!each || !brings || split_list(brings->devices).empty()) return;
  given_.say(fmt::format("node {} is here: {}, {} threads", each->seat.who.name, brings->devices, brings->threads));
  each->brings = std::move(*brings);
}

// ---- what is known of them

std::set<std::string> node_candidates::ready() const {
  std::set<std::string> out;
  for (const auto& [number, each] : all_)
    if (each.is_up() && each.brings && each.gauges->bytes_per_second > 0) out.insert(each.seat.who.name);
  return out;
}

std::vector<seated_node> node_candidates::seats() const {
  std::vector<seated_node> out;
  for (const auto& [number, each] : all_) out.push_back(each.seat);
  return out;
}

std::vector<placeable_node> node_candidates::offers() const {
  std::vector<placeable_node> out;
  for (const auto& [number, each] : all_) {
    if (!each.brings) continue;
    out.push_back({number, each.seat.who.name, split_list(each.brings->devices), each.brings->flops,
                   each.gauges->bytes_per_second, static_cast<double>(each.gauges->round_trip_ns) * 1e-9});
  }
  return out;
}

std::vector<roster_entry> node_candidates::rows(const std::vector<group_place>& places) const {
  const auto groups_of = [&](std::uint8_t node) {
    std::vector<int> groups;
    for (std::size_t i = 0; i < places.size(); ++i)
      if (places[i].node == node) groups.push_back(static_cast<int>(i));
    return format_ranges(groups);
  };
  const auto& version = given_.system->identity().version; // of all: others are refused
  std::vector<roster_entry> out;
  for (const auto& [number, each] : all_) {
    const auto& [who, peer, control] = each.seat;
    const auto& gauges = *each.gauges;
    out.push_back({number, who.name, who.host, who.port, version, name_of(gauges.stands),
                   each.brings ? each.brings->devices : "", groups_of(number),
                   static_cast<std::uint64_t>(gauges.bytes_per_second), gauges.round_trip_ns,
                   age_ms(gauges.last_heard_ns)});
  }
  const auto& own = given_.system->identity();
  out.insert(out.begin(), {0, own.name, own.address.host, own.address.port, version, "up", "cpu", groups_of(0)});
  return out;
}

// ---- the end

void node_candidates::send_home(const finish& why) {
  close();
  std::set<std::uint8_t> on_the_way;
  for (auto& [number, each] : all_) {
    each.seat.control.say(why);
    each.seat.control.say(dismiss{});
    each.seat.control.drain();
    if (each.is_up()) on_the_way.insert(number);
  }
  using clock = std::chrono::steady_clock;
  const auto until = clock::now() + std::chrono::seconds(3);
  while (!on_the_way.empty() && clock::now() < until)
    if (const auto gone = dismissed_node(given_.inbox->next(std::chrono::milliseconds(100)))) on_the_way.erase(*gone);
}

} // namespace syngrad
