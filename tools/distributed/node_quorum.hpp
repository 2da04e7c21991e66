// Whether a run may begin: all the nodes that may come are ready, or the least number has been for a while, with nobody
// on the way in. Has no clock of its own.
#pragma once

#include "tools/distributed/cluster_options.hpp"

#include <chrono>
#include <optional>

namespace syngrad::tools {

class node_quorum {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds others_have{2}; // to come, too

  explicit node_quorum(node_count count) : count_(count) {}

  // `ready` of the nodes that have `joined`. To be asked again and again.
  bool is_reached(int ready, int joined, clock::time_point now);

private:
  node_count count_;
  std::optional<clock::time_point> enough_since_;
};

} // namespace syngrad::tools
