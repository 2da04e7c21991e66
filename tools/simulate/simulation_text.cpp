#include "tools/simulate/simulation_text.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

namespace syngrad::tools {

namespace {

constexpr double bytes_a_mebibyte = 1 << 20;

// With as many batches in flight as the simulation had.
std::uint64_t memory_of_group(const told_simulation& of, std::size_t i) {
  const auto& planned = of.memory.groups[i];
  const auto a_batch = planned.caches / static_cast<std::uint64_t>(std::max<std::int64_t>(planned.in_flight, 1));
  return planned.held() + a_batch * static_cast<std::uint64_t>(of.run.groups[i].most_in_flight);
}

struct node_row {
  std::string groups; // "0-2"
  double bytes = 0;   // that it sends to others, a step
  std::uint64_t memory = 0;
};

node_row row_of_node(const told_simulation& of, int node) {
  node_row out;
  const auto& where = of.setup.process_of;
  std::vector<int> groups;
  for (std::size_t i = 0; i < where.size(); ++i) {
    if (where[i] != node) continue;
    groups.push_back(static_cast<int>(i));
    out.memory += memory_of_group(of, i);
    if (i + 1 < where.size() && where[i + 1] != node) out.bytes += of.run.groups[i].bytes_up_a_step;
    if (i > 0 && where[i - 1] != node) out.bytes += of.run.groups[i - 1].bytes_down_a_step;
  }
  out.groups = format_ranges(groups);
  return out;
}

double seconds_of(const told_simulation& of) {
  return of.run.seconds_of(of.steps);
}

double steps_per_s(const told_simulation& of) {
  return static_cast<double>(of.steps) / seconds_of(of);
}

double samples_per_s(const told_simulation& of) {
  return steps_per_s(of) * static_cast<double>(of.setup.settings.batch_size);
}

// What failures cost, a line for each node that had some.
std::string outages_text(const told_simulation& of) {
  std::string text;
  for (std::size_t i = 0; i < of.run.failures.size(); ++i)
    if (of.run.failures[i] > 0)
      text +=
        fmt::format("node {} was away {} for {:.1f} s\n", i,
                    of.run.failures[i] == 1 ? "once" : fmt::format("{} times", of.run.failures[i]), of.run.away_s[i]);
  for (std::size_t i = 0; i < of.run.groups.size(); ++i)
    if (of.run.groups[i].alone > 0)
      text +=
        fmt::format("{} batches ended above group {}: what is above was away\n", show_count(of.run.groups[i].alone), i);
  if (of.run.is_cut_short) text += "then nothing went on any more, because a node did not come back\n";
  return text;
}

} // namespace

std::string format_simulation_table(const told_simulation& of) {
  auto text = fmt::format("{} steps in {}: {:.4g} steps/s, {}\n", show_count(of.steps), show_duration(seconds_of(of)),
                          steps_per_s(of), show_rate(samples_per_s(of), of.unit));
  if (of.run.steps < of.steps)
    text += fmt::format("{} of them were simulated, the others are taken to go on as the middle half of those\n",
                        show_count(of.run.steps));
  if (const auto& cost = of.setup.crossing; cost.any())
    text += fmt::format("a message between nodes takes {:.0f} us of a processor at either end, and {:.2f} ms a MiB\n",
                        1e6 * cost.message_s, 1e3 * bytes_a_mebibyte * cost.byte_s);
  text += outages_text(of);
  text_table nodes({"node", "groups", "threads", "busy", "links busy", "sends a step", "memory"});
  for (std::size_t i = 0; i < of.setup.processes.size(); ++i) {
    const auto row = row_of_node(of, static_cast<int>(i));
    nodes.add({std::to_string(i), row.groups.empty() ? "-" : row.groups, std::to_string(of.setup.processes[i].threads),
               show_percent(of.run.busy[i]), show_percent(of.run.network_busy[i]),
               byte_size(static_cast<std::size_t>(row.bytes)), byte_size(row.memory)});
  }
  text_table groups({"group", "units", "node", "updates", "staleness", "in flight", "dropped targets"});
  for (std::size_t i = 0; i < of.run.groups.size(); ++i) {
    const auto& group = of.run.groups[i];
    groups.add({std::to_string(i), of.memory.groups[i].units, std::to_string(of.setup.process_of[i]),
                show_count(group.updates), show_real(group.staleness, 1), show_count(group.most_in_flight),
                show_count(group.dropped_targets)});
  }
  return text + "\n" + nodes.str() + "\n" + groups.str();
}

std::string format_simulation_json(const told_simulation& of) {
  json_writer json;
  json.begin_object();
  json.key("steps").number(of.steps);
  json.key("simulated_steps").number(of.run.steps);
  json.key("cut_short").boolean(of.run.is_cut_short);
  json.key("seconds").number(seconds_of(of));
  json.key("steps_per_s").number(steps_per_s(of));
  json.key("samples_per_s").number(samples_per_s(of));
  json.key("step_s").number(of.run.step_s);
  json.key("thread_multiply_adds_per_s")
    .number(of.setup.processes.front().multiply_adds_per_s / of.setup.processes.front().speed);
  json.key("link_message_s").number(of.setup.crossing.message_s);
  json.key("link_byte_s").number(of.setup.crossing.byte_s);
  json.key("nodes").begin_array();
  for (std::size_t i = 0; i < of.setup.processes.size(); ++i) {
    const auto row = row_of_node(of, static_cast<int>(i));
    json.begin_object().key("groups").text(row.groups);
    json.key("threads").number(std::int64_t{of.setup.processes[i].threads});
    json.key("busy").number(of.run.busy[i]);
    json.key("links_busy").number(of.run.network_busy[i]);
    json.key("failures").number(std::int64_t{of.run.failures[i]});
    json.key("away_s").number(of.run.away_s[i]);
    json.key("bytes_a_step").number(row.bytes);
    json.key("memory_bytes").number(static_cast<std::int64_t>(row.memory));
    json.end_object();
  }
  json.end_array().key("groups").begin_array();
  for (std::size_t i = 0; i < of.run.groups.size(); ++i) {
    const auto& group = of.run.groups[i];
    json.begin_object().key("node").number(std::int64_t{of.setup.process_of[i]});
    json.key("units").text(of.memory.groups[i].units);
    json.key("updates").number(group.updates);
    json.key("alone").number(group.alone);
    json.key("staleness").number(group.staleness);
    json.key("most_in_flight").number(group.most_in_flight);
    json.key("dropped_targets").number(group.dropped_targets);
    json.key("bytes_up_a_step").number(group.bytes_up_a_step);
    json.key("bytes_down_a_step").number(group.bytes_down_a_step);
    json.key("memory_bytes").number(static_cast<std::int64_t>(memory_of_group(of, i)));
    json.end_object();
  }
  return json.end_array().end_object().str() + "\n";
}

} // namespace syngrad::tools
