// Numbers actors 0, 1, 2, ... in the order in which they are met, so that analyses keep what they know of them in
// vectors. A lookup is two loads.
#pragma once

#include "runtime/trace/trace_names.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace syngrad::tools {

class actor_index {
public:
  std::size_t operator()(std::uint32_t actor) {
    auto& node = numbers_[node_of(actor)];
    const auto own = static_cast<std::uint16_t>(actor);
    if (own >= node.size()) node.resize(std::size_t{own} + 1);
    if (node[own] == 0) {
      actors_.push_back(actor);
      node[own] = static_cast<std::uint32_t>(actors_.size());
    }
    return node[own] - 1;
  }

  const std::vector<std::uint32_t>& actors() const { return actors_; } // by number

private:
  std::array<std::vector<std::uint32_t>, 256> numbers_; // by node and actor, plus 1; 0: not met
  std::vector<std::uint32_t> actors_;
};

// As people expect them: groups first, bottom to top; then the others by role and number.
bool comes_before_in_views(std::uint32_t a, std::uint32_t b, const trace_names&);

} // namespace syngrad::tools
