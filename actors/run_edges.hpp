// Who is joined with whom in a run, as data: an edge leads from the source to the bottom group, and from each group to
// the one above it. Activations and flush marks go up over an edge, gradients and credits come down.
//
// The id of an edge is the number of the group below it; records of traces call it the interface. The edge from the
// source has none, for no gradient is measured there.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <cstddef>
#include <vector>

namespace syngrad {

using edge_id = std::uint16_t;
inline constexpr edge_id no_edge = no_interface;

struct run_edge {
  static constexpr int nobody = -2, source = -1; // instead of a group's number

  edge_id id = no_edge;
  int below = nobody, above = nobody; // groups; `below` may be the source

  bool is_open() const { return above == nobody; } // above the top group: nothing goes over it
  bool between_groups() const { return id != no_edge; }
};

class run_edges {
public:
  explicit run_edges(std::size_t groups) {
    const int count = static_cast<int>(groups);
    int below = run_edge::source;
    for (int above = 0; above < count; below = above++)
      all_.push_back({below == run_edge::source ? no_edge : static_cast<edge_id>(below), below, above});
    all_.push_back({no_edge, below, run_edge::nobody});
  }

  // Bottom to top; the first leads from the source, the last one is open.
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  std::size_t size() const { return all_.size(); }
  const run_edge& from_source() const { return all_.front(); }
  const run_edge& below(std::size_t group) const { return all_[group]; }
  const run_edge& above(std::size_t group) const { return all_[group + 1]; }

private:
  std::vector<run_edge> all_;
};

} // namespace syngrad
