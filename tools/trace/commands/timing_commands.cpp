// Commands about where the time of actors and messages goes: util, latency, queue, locks.
#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/analysis/training_analyses.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

constexpr const char* util_explained =
  "Where the time went; the shares of a row add up to 100 %. Of actors:\n"
  "  busy     in a handler\n"
  "  starved  nothing to do: no message, and it waits for an activation or a gradient\n"
  "  blocked  no message, and it may not send on before it gets a credit from above\n"
  "  ready    a message is there, but no thread is free (or none has woken up yet)\n"
  "  idle     before its first message and after its last one\n"
  "`handled` counts messages. Threads and streams are busy or idle. The bar: █ busy ▓ ready ▒ blocked ░ starved.\n"
  "In a sample, or with a filter on messages, waiting cannot be told from idling; busy is then an estimate.";

// Shares as parts of a bar, rounded so that the parts add up.
std::string bar(const activity& of) {
  constexpr int width = 24;
  const std::array<std::pair<double, const char*>, 4> parts{
    {{of.busy, "█"}, {of.ready, "▓"}, {of.blocked, "▒"}, {of.starved, "░"}}};
  std::string text;
  double until = 0;
  int drawn = 0;
  for (const auto& [share, sign] : parts) {
    until += share;
    for (; drawn < std::lround(until * width); ++drawn) text += sign;
  }
  return text + std::string(static_cast<std::size_t>(std::max(width - drawn, 0)), ' ');
}

answer_table table_of(const char* name, const std::vector<activity>& all, bool waits, bool draws) {
  answer_table table{name, {{"name", "", 0}, {"handled", "", 0}, {"busy", "share", 1}}, {}};
  if (waits)
    for (const auto* title : {"starved", "blocked", "ready"}) table.columns.push_back({title, "share", 1});
  table.columns.push_back({"idle", "share", 1});
  if (draws) table.columns.push_back({"bar", "", 0});
  for (const auto& each : all) {
    std::vector<cell> row{each.name, each.handled, each.busy};
    if (waits) row.insert(row.end(), {each.starved, each.blocked, each.ready});
    row.push_back(each.idle);
    if (draws) row.push_back(bar(each));
    table.rows.push_back(std::move(row));
  }
  return table;
}

result<answer> answer_util(const trace_request& request) {
  const auto measured = measure_utilisation(request.run(), request.filter);
  const bool draws = request.format == "table";
  answer out;
  out.tables.push_back(table_of("actors", measured.actors, measured.complete, draws));
  out.tables.push_back(table_of("threads", measured.threads, false, draws));
  if (!measured.streams.empty()) out.tables.push_back(table_of("streams", measured.streams, false, draws));
  if (!measured.complete)
    out.notes.emplace_back("Only a part of the messages is here: waiting counts as idle, and busy is an estimate.");
  else if (request.run().lost() > 0)
    out.notes.emplace_back("Records are missing, so that messages may seem to wait longer than they did: read starved, "
                           "blocked and ready with care.");
  return out;
}

} // namespace

const trace_command util_command{
  "util", "RUN",      "busy, starved, blocked, ready or idle: each actor, thread and stream", util_explained, 1, 1,
  true,   answer_util};

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
    out.notes.push_back(fmt::format("{} messages were sent or handled without their counterpart in what is looked at.",
                                    measured.unmatched));
  return out;
}

} // namespace

const trace_command latency_command{
  "latency", "RUN",         "p50 to p99.9 of each message type: queue, handler, wire, device", latency_explained, 1, 1,
  true,      answer_latency};

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

namespace {

std::string sentence_of(const lock_replay& found) {
  const auto times = [&](double one, double other) { return show_real(one / other, 2); };
  const auto both = show_real(found.measured_ns / 1e6, 3) + " ms as it ran, " + show_real(found.locked_ns / 1e6, 3) +
                    " ms with backpropagation's locks: ";
  if (found.avoided_ns() > 0)
    return "A batch took " + both + times(found.locked_ns, found.measured_ns) + " times as long.\n";
  return "A batch took " + both + "no update lock was avoided (" + times(found.locked_ns, found.measured_ns) +
         " times as long).\n";
}

answer_table comparison_of(const lock_replay& found) {
  const double longest = std::max({found.measured_ns, found.locked_ns, 1.0});
  answer_table table{"a_batch", {{"what", "", 0}, {"time", "ms", 3}, {"bar", "bar", 0}}, {}};
  const auto add = [&](const char* what, double ns) {
    table.rows.push_back({std::string(what), ns / 1e6, ns / longest});
  };
  add("measured", found.measured_ns);
  add("median", found.median_step_ns);
  add("locked", found.locked_ns);
  add("avoided", found.avoided_ns());
  return table;
}

answer_table groups_of(const lock_replay& found) {
  answer_table table{"groups", {{"group", "", 0}, {"forward", "ms", 3}, {"backward", "ms", 3}}, {}};
  for (const auto& each : found.groups)
    table.rows.push_back({each.name, each.forward_ns / 1e6, each.backward_ns / 1e6});
  return table;
}

status check_locks_filter(const trace_filter& filter) {
  if (!filter.actors.empty() || filter.interface || filter.type || filter.where)
    return error::setting(
      "the replay needs every group's messages: only --batch, --from, --to and --node can narrow it");
  return ok();
}

result<answer> answer_locks(const trace_request& request) {
  if (auto good = check_locks_filter(request.filter); !good) return good.failure();
  const auto found = replay_locked(request.run(), request.filter);
  if (!found) return found.failure();
  answer out;
  out.text = sentence_of(*found);
  out.tables = {comparison_of(*found), groups_of(*found)};
  out.notes.push_back(fmt::format("Medians of {} batches; a hop between actors takes {} us, the source {} ms a batch.",
                                  found->batches, show_real(found->hop_ns / 1e3, 1),
                                  show_real(found->source_ns / 1e6, 3)));
  if (found->has_device_work) out.notes.push_back("Work that handlers left to a device is not in these durations.");
  if (request.run().sample() > 1)
    out.notes.push_back("In a sample, handlers that did two batches' work look longer than they were.");
  if (request.run().names().fact("policy") == "corrected")
    out.notes.push_back("Policy corrected makes no gradient at the input in its first backward pass: the replay leaves "
                        "that out too.");
  return out;
}

} // namespace

const trace_command locks_command{
  "locks",
  "RUN",
  "what backpropagation would have cost here: the same work, replayed with its backward edges",
  "  a_batch  measured: the time from one batch to the next, as the run went (evaluations left out); locked: the "
  "measured\n"
  "           durations replayed with one batch at a time, each group waiting for the true gradient; avoided: the\n"
  "           difference, which is update lock; median: half of the measured batches took less\n"
  "  groups   the medians that are replayed; backward: with the update; at the top group with the forward pass and the "
  "loss",
  1,
  1,
  true,
  answer_locks};

} // namespace syngrad::tools
