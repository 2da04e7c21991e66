#include "tools/trace/analysis/handling_graph.hpp"

namespace syngrad::tools {

handling_graph::handling_graph(const trace_run& run, const trace_filter& window, std::int64_t begin_ns,
                               std::int64_t end_ns)
  : begin_ns_(begin_ns) {
  run.for_each(window, [&](const trace_record& record) {
    switch (record.kind) {
    case record_kind::send:
      take_send(record);
      break;
    case record_kind::enqueue:
      if (const auto sent = on_their_way_.find(record.message); sent != on_their_way_.end())
        sent->second.arrived_ns = record.time_ns;
      break;
    case record_kind::begin:
      take_begin(record);
      break;
    case record_kind::end:
      take_end(record);
      break;
    default:
      break;
    }
  });
  for (auto& each : all_)
    if (each.end_ns == unknown_time) each.end_ns = std::max(end_ns, each.begin_ns);
  on_their_way_.clear();
}

void handling_graph::take_send(const trace_record& record) {
  if (record.message == 0) return;
  if (!latest_.contains(record.actor)) take_unknown(record.actor);
  const bool same_node = node_of(record.actor) == node_of(record.peer);
  on_their_way_[record.message] = {record.time_ns, same_node ? record.time_ns : unknown_time, latest_.at(record.actor)};
}

void handling_graph::take_unknown(std::uint32_t actor) {
  trace_record begun;
  begun.time_ns = begin_ns_;
  begun.actor = actor;
  begun.batch = no_trace_batch;
  begun.interface = no_interface;
  take_begin(begun);
}

void handling_graph::take_begin(const trace_record& record) {
  handling next;
  next.message = record.message;
  next.begin_ns = record.time_ns;
  next.actor = record.actor;
  next.peer = record.peer;
  next.batch = record.batch;
  next.version = record.version;
  next.interface = record.interface;
  next.type = record.type;
  if (const auto sent = on_their_way_.find(record.message); record.message != 0 && sent != on_their_way_.end()) {
    next.sent_ns = sent->second.sent_ns;
    // A message that no link announced was on the wire until it was handled.
    next.arrived_ns = sent->second.arrived_ns == unknown_time ? record.time_ns : sent->second.arrived_ns;
    next.sender = sent->second.sender;
    on_their_way_.erase(sent);
  }
  const auto number = static_cast<std::int32_t>(all_.size());
  const auto [latest, is_first] = latest_.try_emplace(record.actor, number);
  if (!is_first) {
    next.previous = std::exchange(latest->second, number);
    auto& before = all_[static_cast<std::size_t>(next.previous)];
    if (before.end_ns == unknown_time) before.end_ns = record.time_ns; // its end was lost
  }
  all_.push_back(next);
}

void handling_graph::take_end(const trace_record& record) {
  if (!latest_.contains(record.actor)) take_unknown(record.actor);
  auto& open = all_[static_cast<std::size_t>(latest_.at(record.actor))];
  if (open.end_ns != unknown_time) return;
  if (open.message == 0) { // perhaps one that had begun before the window
    open.message = record.message;
    open.peer = record.peer;
    open.batch = record.batch;
    open.interface = record.interface;
  }
  if (open.message == record.message) open.end_ns = record.time_ns;
}

std::int32_t handling_graph::at_time(std::uint32_t actor, std::int64_t time_ns) const {
  for (auto i = static_cast<std::int32_t>(all_.size()); i-- > 0;)
    if (at(i).actor == actor && at(i).begin_ns <= time_ns) return i;
  return -1;
}

bool handling_graph::waited_for_actor(const handling& which) const {
  if (which.previous < 0) return false;
  return which.arrived_ns == unknown_time || at(which.previous).end_ns > which.arrived_ns;
}

std::int64_t handling_graph::released_ns(const handling& which) const {
  if (waited_for_actor(which)) return at(which.previous).end_ns;
  return which.arrived_ns == unknown_time ? which.begin_ns : which.arrived_ns;
}

std::vector<std::int64_t> handling_graph::slack(std::int64_t end_ns) const {
  std::vector<std::int64_t> slack(all_.size());
  for (std::size_t i = 0; i < all_.size(); ++i) slack[i] = std::max<std::int64_t>(end_ns - all_[i].end_ns, 0);
  const auto limit = [&](std::int32_t number, std::int64_t most) {
    if (number >= 0) slack[static_cast<std::size_t>(number)] = std::min(slack[static_cast<std::size_t>(number)], most);
  };
  for (std::size_t i = all_.size(); i-- > 0;) {
    const auto& each = all_[i];
    const auto latest_release = released_ns(each) + slack[i];
    if (each.previous >= 0) limit(each.previous, latest_release - at(each.previous).end_ns);
    if (each.sent_ns != unknown_time) limit(each.sender, latest_release - each.arrived_ns);
  }
  return slack;
}

} // namespace syngrad::tools
