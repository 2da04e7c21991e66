// Messages and what caused them: the tree below one message, or all trees of a batch.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad::tools {

struct message_node {
  trace_record sent; // its send, or the first record that tells of it
  std::optional<std::int64_t> send_ns, arrival_ns, begin_ns, end_ns;
  std::vector<trace_record> updates; // of weights, in its handler
  std::vector<std::size_t> children; // places in message_tree::nodes, in the order of sends
  std::size_t depth = 0;
};

struct message_tree {
  std::vector<message_node> nodes;
  std::vector<std::size_t> roots; // places in nodes
  bool whole = true;              // false: more messages belong to it than were asked for
};

// What descends from `message`; no root where the trace does not know it.
message_tree find_descendants(const trace_run&, const trace_filter&, std::uint64_t message, std::size_t most);
// Every message that passes; roots are those whose parent does not.
message_tree find_trees(const trace_run&, const trace_filter&, std::size_t most);

} // namespace syngrad::tools
