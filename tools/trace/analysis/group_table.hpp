// The layer groups of a trace, bottom to top, found by actor id in constant time: analyses ask for every record.
#pragma once

#include "runtime/trace/trace_names.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

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
