#include "tools/trace/commands/commands.hpp"

#include "tools/trace/analysis/latency.hpp"

#include <algorithm>
#include <array>

namespace syngrad::tools {

namespace {

constexpr const char* latency_explained =
  "How long messages take, by type and part, in microseconds:\n"
  "  wire     from the send to the arrival, where another node sent it\n"
  "  queue    from the arrival to the begin of its handling\n"
  "  handler  the handling\n"
  "  device   work on a device that the handler started and did not wait for: from its end to the end of the work\n"
  "  total    from the send to the end of the handling\n"
  "p50 is the median; p99.9: one message in a thousand took longer. Percentiles are within 1 %, mean and largest "
  "exact.\n"
  "The histogram counts the messages of all types (or of --type) whose part took FROM to TO. Messages without a\n"
  "number, such as timers, are left out. --actor, --interface and --type narrow.";

using latency_part = log_histogram message_latency::*;
constexpr std::array<std::pair<const char*, latency_part>, 5> latency_parts{{{"wire", &message_latency::wire},
                                                                             {"queue", &message_latency::queue},
                                                                             {"handler", &message_latency::handler},
                                                                             {"device", &message_latency::device},
                                                                             {"total", &message_latency::total}}};

answer_table quantiles(const latencies& measured) {
  answer_table table{"latency", {{"type", "", 0}, {"part", "", 0}, {"messages", "", 0}}, {}};
  for (const auto* title : {"mean", "p50", "p90", "p99", "p99.9", "largest"}) table.columns.push_back({title, "us", 1});
  for (const auto& [type, each] : measured.by_type)
    for (const auto& [name, which] : latency_parts) {
      const auto& values = each.*which;
      if (values.count() == 0) continue;
      std::vector<cell> row{std::string(name_of(type)), std::string(name), values.count(), values.mean() * 1e-3};
      for (const double q : {0.5, 0.9, 0.99, 0.999}) row.emplace_back(values.quantile(q) * 1e-3);
      row.emplace_back(static_cast<double>(values.largest()) * 1e-3);
      table.rows.push_back(std::move(row));
    }
  return table;
}

answer_table histogram(const latencies& measured) {
  message_latency all;
  for (const auto& [type, each] : measured.by_type)
    for (const auto& [name, which] : latency_parts) (all.*which).add(each.*which);
  answer_table table{"histogram", {{"from", "us", 3}, {"to", "us", 3}}, {}};
  std::map<std::pair<double, double>, std::vector<std::int64_t>> rows; // by bin: a count for each part that there is
  std::size_t used = 0;
  std::int64_t last_count = 1; // of the last part, which the bar shows: the total wherever sends are known
  for (const auto& [name, which] : latency_parts) {
    if ((all.*which).count() == 0) continue;
    table.columns.push_back({name, "", 0});
    for (const auto& bin : (all.*which).bins()) {
      auto& row = rows[{bin.from, bin.to}];
      row.resize(latency_parts.size());
      row[used] = bin.count;
    }
    ++used;
    last_count = (all.*which).count();
  }
  table.columns.push_back({"share", "bar", 0});
  for (const auto& [bin, counts] : rows) {
    if (std::all_of(counts.begin(), counts.end(), [](auto count) { return count == 0; })) continue;
    std::vector<cell> row{bin.first * 1e-3, bin.second * 1e-3};
    for (std::size_t i = 0; i < used; ++i) row.emplace_back(counts[i]);
    row.emplace_back(static_cast<double>(counts[used - 1]) / static_cast<double>(last_count));
    table.rows.push_back(std::move(row));
  }
  return table;
}

result<answer> answer_latency(const trace_request& request) {
  const auto measured = measure_latency(request.run(), request.filter);
  answer out;
  out.tables.push_back(quantiles(measured));
  out.tables.push_back(histogram(measured));
  if (measured.unmatched > 0)
    out.notes.push_back(std::to_string(measured.unmatched) +
                        " messages were sent or handled without their counterpart in what is looked at.");
  return out;
}

} // namespace

const trace_command latency_command{
  "latency", "RUN",         "p50 to p99.9 of each message type: queue, handler, wire, device", latency_explained, 1, 1,
  true,      answer_latency};

} // namespace syngrad::tools
