#include "tools/trace/analysis/actor_index.hpp"

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
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    auto& of_node = positions_[node_of(groups_[i].actor)];
    const auto number = groups_[i].actor & 0xffff;
    if (number >= of_node.size()) of_node.resize(number + 1, -1);
    of_node[number] = static_cast<std::int16_t>(i);
  }
}

std::uint16_t group_table::interface_above(int position) const {
  return is_top(position) ? no_interface
                          : static_cast<std::uint16_t>(groups_[static_cast<std::size_t>(position)].index);
}

} // namespace syngrad::tools
