// Actors and layer groups by number, found in constant time.
#pragma once

#include "runtime/trace/trace_names.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

// Numbers actors 0, 1, 2, ... in the order in which they are met, so that analyses keep what they know of them in
// vectors. A lookup is two loads.
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

// The layer groups of a trace, bottom to top, found by actor id in constant time: analyses ask for every record.
class group_table {
public:
  struct group {
    std::uint32_t actor = 0;
    int index = 0;
    std::string name;
  };

  explicit group_table(const trace_names&);

  const std::vector<group>& groups() const { return groups_; }
  // Position in groups(); -1: not a group.
  int position_of(std::uint32_t actor) const {
    const auto& of_node = positions_[node_of(actor)];
    const auto number = actor & 0xffff;
    return number < of_node.size() ? of_node[number] : -1;
  }
  bool is_top(int position) const { return position + 1 == static_cast<int>(groups_.size()); }
  // Between the group and the one above it; no_interface at the top.
  std::uint16_t interface_above(int position) const;

private:
  std::vector<group> groups_;
  std::array<std::vector<std::int16_t>, 256> positions_; // by node, by actor number
};

} // namespace syngrad::tools
