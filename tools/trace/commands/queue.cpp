#include "tools/trace/commands/commands.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/queue_depth.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr const char* queue_explained =
  "Messages that wait before each actor: sent (or delivered by a link) and not begun.\n"
  "  depth        mean over time; `deepest` is the largest\n"
  "  rate         arrivals a second\n"
  "  wait         mean, from arrival to begin\n"
  "  little       rate times wait, which Little's law says is the depth. The depth is counted and the wait is matched\n"
  "               message by message, so that a difference means: messages were never handled, or records are missing\n"
  "  over_time    mean depth from the first to the last moment, drawn from 0 to the row's own highest\n"
  "In csv and json, `over_time` is a table of its own, with the depth in each bucket.";

constexpr double tolerated = 0.05; // between depth and Little's law

std::string sparkline(const std::vector<float>& values) {
  static constexpr const char* levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto most = values.empty() ? 0.0f : *std::max_element(values.begin(), values.end());
  std::string text;
  for (const auto value : values)
    text += levels[most > 0 ? static_cast<std::size_t>(std::lround(std::ceil(value / most * 8))) : 0];
  return text;
}

answer_table over_time(const queue_depths& measured) {
  answer_table table{"over_time", {{"actor", "", 0}, {"from", "s", 6}, {"depth", "", 3}}, {}};
  for (const auto& each : measured.actors)
    for (std::size_t i = 0; i < each.over_time.size(); ++i)
      table.rows.push_back({each.name, static_cast<double>(measured.bucket_ns) * static_cast<double>(i) * 1e-9,
                            static_cast<double>(each.over_time[i])});
  return table;
}

result<answer> answer_queue(const trace_request& request) {
  const bool draws = request.format == "table";
  const auto buckets = draws ? std::clamp(request.width - 78, 16, 60) : 60;
  const auto measured = measure_queues(request.run(), request.filter, buckets);
  answer_table table{"queues",
                     {{"actor", "", 0},
                      {"arrivals", "", 0},
                      {"depth", "", 2},
                      {"deepest", "", 0},
                      {"rate", "1/s", 0},
                      {"wait", "us", 1},
                      {"little", "", 2}},
                     {}};
  if (draws) table.columns.push_back({"over_time", "", 0});
  answer out;
  for (const auto& each : measured.actors) {
    table.rows.push_back({each.name, each.arrivals, each.mean_depth, each.deepest, each.rate, each.mean_wait_ns * 1e-3,
                          each.little_depth});
    if (draws) table.rows.back().emplace_back(sparkline(each.over_time));
    const auto larger = std::max(each.mean_depth, each.little_depth);
    if (std::abs(each.mean_depth - each.little_depth) > tolerated * larger)
      out.notes.push_back(each.name + ": the depth is " + show_real(each.mean_depth, 3) +
                          ", but by Little's law it were " + show_real(each.little_depth, 3) +
                          ". Messages were not handled before the end, or records are missing.");
  }
  out.tables.push_back(std::move(table));
  if (!draws) out.tables.push_back(over_time(measured));
  return out;
}

} // namespace

const trace_command queue_command{"queue",
                                  "RUN",
                                  "messages waiting before each actor over time, checked against Little's law",
                                  queue_explained,
                                  1,
                                  1,
                                  true,
                                  answer_queue};

} // namespace syngrad::tools
