#include "tools/trace/analysis/staleness.hpp"

#include "tools/trace/commands/commands.hpp"
#include "tools/trace/commands/over_time_table.hpp"

namespace syngrad::tools {

namespace {

cell interface_of(const staleness_of_group& group) {
  if (group.interface == no_interface) return {};
  return std::int64_t{group.interface};
}

answer_table summary_of(const staleness_result& found) {
  answer_table table{"groups",
                     {{"group", "", 0},
                      {"interface", "", 0},
                      {"updates", "", 0},
                      {"mean_versions", "", 2},
                      {"largest_versions", "", 0},
                      {"mean_batches", "", 2},
                      {"age_p50", "ms", 3},
                      {"age_p99", "ms", 3},
                      {"age_max", "ms", 3}},
                     {}};
  for (const auto& each : found.groups)
    table.rows.push_back({each.name, interface_of(each), each.updates, each.mean_versions, each.largest_versions,
                          each.mean_batches, each.age.quantile(0.5) / 1e6, each.age.quantile(0.99) / 1e6,
                          static_cast<double>(each.age.largest()) / 1e6});
  return table;
}

answer_table histogram_of(const staleness_result& found) {
  answer_table table{
    "histogram",
    {{"group", "", 0}, {"versions", "", 0}, {"updates", "", 0}, {"share", "share", 1}, {"bar", "bar", 0}},
    {}};
  for (const auto& each : found.groups) {
    std::int64_t all = 0;
    for (const auto& [versions, updates] : each.versions) all += updates;
    for (const auto& [versions, updates] : each.versions) {
      const double share = static_cast<double>(updates) / static_cast<double>(all);
      table.rows.push_back({each.name, versions, updates, share, share});
    }
  }
  return table;
}

result<answer> answer_staleness(const trace_request& request) {
  const auto found = measure_staleness(request.run(), request.filter, over_time_rows(request));
  over_time_table over_time("over_time", found.begin_ns - request.run().begin_ns(), found.bucket_ns);
  std::int64_t updates = 0;
  for (const auto& each : found.groups) {
    over_time.add(each.name, 2, each.versions_over_time);
    updates += each.updates;
  }
  answer out;
  out.tables = {summary_of(found), histogram_of(found), over_time.table()};
  if (updates == 0) out.notes.push_back("No update was traced in what you asked for.");
  return out;
}

} // namespace

const trace_command staleness_command{
  "staleness",
  "RUN",
  "how old gradients were when they moved weights: in versions, batches and milliseconds",
  "  groups     interface: above the group; versions: updates of the group's weights between the batch's forward pass\n"
  "             and its own update; batches: others that the group began meanwhile; age: from the begin of the "
  "forward\n"
  "             pass to the update\n"
  "  histogram  how many updates were so many versions old\n"
  "  over_time  mean versions, a column a group; --limit: so many rows",
  1,
  1,
  true,
  answer_staleness};

} // namespace syngrad::tools
