#include "tools/trace/commands/commands.hpp"

namespace syngrad::tools {

namespace {

result<answer> run(const trace_request& request) {
  const auto& trace = request.run();
  answer out;
  answer_table table{"trace", {{"what", "", 0}, {"value", "", 0}}, {}};
  const auto add = [&](const char* what, cell value) { table.rows.push_back({std::string(what), std::move(value)}); };
  add("nodes", static_cast<std::int64_t>(trace.nodes().size()));
  add("records", static_cast<std::int64_t>(trace.records()));
  out.tables.push_back(std::move(table));
  return out;
}

} // namespace

const trace_command info_command{"info", "RUN", "what was recorded, and the three largest bottlenecks", "", 1, 1,
                                 true,   run};

} // namespace syngrad::tools
