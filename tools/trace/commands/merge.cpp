#include "tools/trace/commands/commands.hpp"
#include "tools/trace/merge/merge_runs.hpp"

namespace syngrad::tools {

namespace {

std::vector<cell> row_of(const merged_node& node, std::uint8_t lowest) {
  const auto microseconds = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::vector<cell> row{std::int64_t{node.node}, node.from, microseconds(node.offset_ns)};
  row.push_back(node.uncertainty_ns ? cell(microseconds(*node.uncertainty_ns)) : cell());
  const bool by_time_of_day = !node.uncertainty_ns;
  if (node.node == lowest)
    row.emplace_back("the clock of all");
  else
    row.emplace_back(by_time_of_day ? "time of day" : "node " + std::to_string(node.over));
  row.push_back(static_cast<std::int64_t>(node.pings));
  return row;
}

result<answer> answer_merge(const trace_request& request) {
  if (request.out.empty()) return error{"say where to: --out DIR"};
  if (request.out == "-") return error{"--out: a folder cannot go to the standard output; name one"};
  const auto folder = request.out + "/trace";
  const auto nodes = merge_runs(request.runs, folder, request.force);
  if (!nodes) return nodes.failure();
  answer out;
  answer_table table{"clocks",
                     {{"node", "", 0},
                      {"from", "", 0},
                      {"offset", "us", 3},
                      {"uncertainty", "us", 3},
                      {"compared_with", "", 0},
                      {"pings", "", 0}},
                     {}};
  for (const auto& node : *nodes) table.rows.push_back(row_of(node, nodes->front().node));
  out.tables.push_back(std::move(table));
  for (const auto& node : *nodes)
    if (!node.uncertainty_ns)
      out.notes.push_back("Node " + std::to_string(node.node) +
                          " was placed by the time of day: nobody knows how wrong its times are.");
  out.notes.push_back("Merged into '" + folder + "'.");
  return out;
}

} // namespace

const trace_command merge_command{
  "merge",
  "RUN RUN... --out DIR",
  "several nodes' traces on one clock, with offsets and uncertainty",
  "Puts the traces of one run's nodes into one folder, DIR/trace, which every command reads as one run. Their clocks\n"
  "are compared by the pings that the nodes exchanged: the one with the least round trip counts. Nodes that never\n"
  "exchanged any are not merged, unless --force says that the time of day will do.\n\n"
  "  offset         of the node's clock, ahead of the lowest node's\n"
  "  uncertainty    what the offset may be wrong by, half the round trip; a sum where it is known over other nodes\n"
  "  compared_with  the node on the other side of the pings",
  2,
  256,
  true,
  answer_merge,
  false,
  true};

} // namespace syngrad::tools
