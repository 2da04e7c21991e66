#include "tools/trace/analysis/actor_index.hpp"

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

} // namespace syngrad::tools
