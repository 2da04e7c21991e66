#include "tools/trace/analysis/trace_actors.hpp"

#include <algorithm>
#include <tuple>

namespace syngrad::tools {

bool comes_before_in_views(std::uint32_t a, std::uint32_t b, const trace_names& names) {
  const auto rank = [&](std::uint32_t actor) {
    const auto found = names.actors.find(actor);
    const auto role = found == names.actors.end() ? actor_role::other : found->second.role;
    const auto index = found == names.actors.end() ? 0 : found->second.index;
    const int others = role == actor_role::other ? 2 : 1;
    return std::tuple(role == actor_role::group ? 0 : others, role, index, actor);
  };
  return rank(a) < rank(b);
}

group_table::group_table(const trace_names& names) {
  for (const auto& [id, each] : names.actors)
    if (each.role == actor_role::group) groups_.push_back({id, each.index, each.title});
  std::stable_sort(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  // An edge has the number of the group below it.
  for (std::size_t i = 0; i + 1 < groups_.size(); ++i)
    groups_[i].edge_above = static_cast<std::uint16_t>(groups_[i].index);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    auto& of_node = positions_[node_of(groups_[i].actor)];
    const auto number = groups_[i].actor & 0xffff;
    if (number >= of_node.size()) of_node.resize(number + 1, -1);
    of_node[number] = static_cast<std::int16_t>(i);
  }
}

turn_parts::part turn_parts::take(const trace_record& record, int group) {
  auto& now = states_[static_cast<std::size_t>(group)];
  part ended;
  switch (record.kind) {
  case record_kind::begin:
    now.in_handler = true;
    break;
  case record_kind::end:
    if (record.value == static_cast<std::uint32_t>(waiting_reason::credit) && !now.waits_for_credit) {
      now.waits_for_credit = true;
      now.forward_begin_ns = now.part_begin_ns;
      now.forward_end_ns = record.time_ns;
      ++now.begun;
    }
    now.in_handler = false;
    break;
  case record_kind::send:
    if (!now.in_handler) return {}; // by the thread of a stream
    if (record.type == static_cast<std::uint8_t>(trace_message::activation)) ended = end_forward(now, record);
    break;
  default: // update
    ended.what = part::kind::backward;
    ended.batch = record.batch;
    ended.begin_ns = now.in_handler ? now.part_begin_ns : record.time_ns;
    ended.end_ns = record.time_ns;
    if (groups_->is_top(group)) ++now.begun;
    break;
  }
  now.part_begin_ns = record.time_ns;
  ended.group = group;
  ended.begun = now.begun;
  return ended;
}

turn_parts::part turn_parts::end_forward(state& now, const trace_record& sent) {
  const bool trains = sent.batch != no_trace_batch;
  part ended;
  if (trains) {
    ended.what = part::kind::forward;
    ended.batch = sent.batch;
    ended.begin_ns = now.waits_for_credit ? now.forward_begin_ns : now.part_begin_ns;
    ended.end_ns = now.waits_for_credit ? now.forward_end_ns : sent.time_ns;
  }
  if (trains && !now.waits_for_credit) ++now.begun;
  if (!trains && now.waits_for_credit) --now.begun; // counted before it was known to be an evaluation's
  now.waits_for_credit = false;
  return ended;
}

} // namespace syngrad::tools
