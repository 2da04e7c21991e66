#include "tools/trace/analysis/group_table.hpp"

#include <algorithm>

namespace syngrad::tools {

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
