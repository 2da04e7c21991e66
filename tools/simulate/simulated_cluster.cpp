#include "tools/simulate/simulated_cluster.hpp"

#include "actors/distributed/node_placement.hpp"
#include "actors/run_check.hpp"
#include "actors/simulation/measured_crossing.hpp"
#include "actors/update_policy.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/simulate/cluster_text.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <functional>

namespace syngrad::tools {

namespace {

constexpr int any_machine = 0;
constexpr double flops_of_a_thread = 1e9; // of speed 1, where groups are placed

std::vector<int> places_of(const std::vector<group_work>& groups, const std::vector<described_node>& cluster,
                           const link_conditions& between, int chunks) {
  std::vector<placeable_group> costs;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto& of = groups[i];
    costs.push_back(
      {of.forward + of.input_gradient + of.parameter_gradient + of.update + of.predict + of.train_predictor,
       i > 0 ? static_cast<double>(groups[i - 1].bytes_up + groups[i - 1].bytes_down) : 0});
  }
  std::vector<placeable_node> nodes;
  for (std::size_t i = 0; i < cluster.size(); ++i)
    nodes.push_back({.node = static_cast<std::uint8_t>(i % 256),
                     .name = std::to_string(i),
                     .devices = {std::to_string(i)},
                     .flops = cluster[i].speed * cluster[i].threads * flops_of_a_thread,
                     .bytes_per_second = between.bytes_per_s});
  std::vector<int> out;
  for (const auto& each : place_by_cost(costs, nodes, chunks)) out.push_back(std::stoi(each.device));
  return out;
}

// What happens between a group and the one above it.
std::vector<link_conditions> links_of(const simulated_setup& setup, const link_conditions& between) {
  std::vector<link_conditions> out;
  for (std::size_t i = 0; i + 1 < setup.process_of.size(); ++i) {
    const bool crosses = setup.process_of[i] != setup.process_of[i + 1];
    out.push_back(crosses ? between : setup.settings.link.at(static_cast<int>(i)));
  }
  return out;
}

bool has_crossing(const simulated_setup& setup) {
  const auto& where = setup.process_of;
  return std::adjacent_find(where.begin(), where.end(), std::not_equal_to<>()) != where.end();
}

// What is not said is measured, where the rate is.
result<crossing_cost> link_cost_of(const simulated_cluster& of, const simulated_setup& setup, const wire_choice& wire) {
  const auto usual = of.rate ? "none" : "measured";
  const auto wanted = parse_link_cost(of.link_cost.empty() ? usual : of.link_cost).value();
  if (!wanted.is_measured || !has_crossing(setup)) return wanted.given;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i + 1 < setup.groups.size(); ++i)
    if (setup.process_of[i] != setup.process_of[i + 1])
      bytes = std::max({bytes, setup.groups[i].bytes_up, setup.groups[i].bytes_down});
  link_options link;
  link.take(wire);
  const auto least = std::size_t{1} << 16, most = std::size_t{1} << 24;
  return measure_crossing(link, std::clamp<std::size_t>(bytes, least, most), wanted.is_secured);
}

// Nodes that fail, and how many batches others train meanwhile.
status take_failures(const simulated_cluster& of, simulated_setup& setup) {
  setup.failures = parse_failures(of.failures).value();
  for (const auto& each : setup.failures)
    if (each.process >= static_cast<int>(setup.processes.size()))
      return option_error("failure", fmt::format("expected nodes 0 to {}, those of --cluster, got {}",
                                                 setup.processes.size() - 1, each.process));
  const auto mtbf = parse_mtbf(of.mtbf).value();
  setup.mtbf_s = mtbf.mean_s;
  setup.down_s = mtbf.down_s;
  auto& alone = setup.settings.max_alone;
  if (setup.failures.empty() && setup.mtbf_s == 0) {
    alone.reset(); // nobody is away
    return ok();
  }
  constexpr std::int64_t usual_alone = 1000;
  const bool goes_on = capabilities_of(setup.settings).predicts && !setup.settings.deterministic;
  if (!alone) alone = goes_on ? usual_alone : 0;
  if (const auto good = check_settings(setup.settings); !good) return good.failure().prefixed("--");
  return ok();
}

} // namespace

result<simulated_setup> setup_of_cluster(const simulated_cluster& of, const training_settings& settings,
                                         const std::vector<group_work>& groups, double multiply_adds_per_s,
                                         const wire_choice& wire) {
  const auto nodes = parse_cluster(of.nodes).value();
  const auto between = parse_between(of.between).value();
  simulated_setup setup;
  setup.settings = settings;
  setup.groups = groups;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    setup.processes.push_back({nodes[i].threads, nodes[i].speed * multiply_adds_per_s,
                               of.cores ? any_machine : static_cast<int>(i), nodes[i].speed});
  if (of.cores) setup.cores = {*of.cores};
  setup.process_of = places_of(groups, nodes, between, settings.pipeline.chunks);
  setup.links = links_of(setup, between);
  const auto crossing = link_cost_of(of, setup, wire);
  if (!crossing) return crossing.failure();
  setup.crossing = *crossing;
  if (const auto taken = take_failures(of, setup); !taken) return taken.failure();
  return setup;
}

} // namespace syngrad::tools
