// What the coordinator's process brings along to conduct a run over several.
#pragma once

#include "actors/distributed/seated_nodes.hpp"
#include "actors/links/link_options.hpp"

#include <functional>
#include <string>
#include <vector>

namespace syngrad {

struct conductor_setup {
  caf::actor_system* system = nullptr;
  run_inbox* inbox = nullptr;
  device* host = nullptr; // where tensors from other processes arrive
  std::vector<seated_node> nodes;
  run_order order;                         // but for `node`
  std::vector<std::uint64_t> hashes;       // of each group
  std::vector<std::uint64_t> weight_bytes; // of each group: no node may send more
  link_options options;
  bool gather_traces = false; // the plan has a recorder, then: a node's trace is at most twice as large as its limit
  std::function<void(const std::string& node, const trace_part&)> on_trace;
  double hang_after_s = 60; // 0: never
  // A node was told to end, and so the run is: what there is should be saved first. Null: nobody does.
  std::function<void()> on_told_to_end;
};

} // namespace syngrad
