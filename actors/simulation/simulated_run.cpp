#include "actors/simulation/simulated_run.hpp"

#include "actors/simulation/simulated_actors.hpp"
#include "actors/simulation/simulated_outages.hpp"
#include "actors/simulation/timed_passes.hpp"
#include "actors/simulation/traced_run.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace syngrad {

namespace {

// The source has its batches ready: one, or a part of one, for each credit.
void feed(simulation& all, const run_plan& plan, stream& work, std::int64_t credits) {
  all.credits += credits;
  const std::int64_t parts = parts_of_batches(plan.settings), whole = plan.settings.batch_size;
  for (; all.credits > 0 && all.sent < plan.settings.steps * parts + all.alone; --all.credits, ++all.sent) {
    const auto part = all.sent % parts, samples = whole / parts + (part < whole % parts ? 1 : 0);
    auto values = make_tensor(work, {samples, timed_width}), labels = make_tensor(work, {samples}, dtype::i32);
    work.ops().fill(work, values, 0);
    std::fill_n(labels.i32(), samples, 0);
    const activation batch{all.context_of(all.source, static_cast<std::uint64_t>(all.sent), 0),
                           phase::train,
                           0,
                           std::move(values),
                           std::move(labels),
                           samples,
                           samples,
                           all.sent / parts};
    auto& lowest = *all.groups.front();
    all.machines.send(lowest.actor(), simulation::record_of(batch, no_edge),
                      [&lowest, batch] { lowest.handle(batch); });
  }
}

// As make_run_plan() makes it, of layers and predictors that take their time.
run_plan plan_of(const simulated_setup& of, simulation& all, device& where) {
  auto& machines = all.machines;
  run_plan plan;
  plan.settings = of.settings;
  plan.settings.cuda_graphs = false;
  plan.trained_for = std::move(*make_objective({}));
  plan.updates = trace_updates(all.machines, all.trace);
  const bool predicts = capabilities_of(of.settings).predicts;
  for (std::size_t i = 0; i < of.groups.size(); ++i) {
    const auto& work = of.groups[i];
    planned_group group;
    group.units = std::to_string(i);
    group.where = &where;
    group.work = group.copies = group.predictor_work = &where.make_stream();
    layer_list layers;
    layers.push_back(std::make_unique<timed_layer>(work, of.settings.batch_size, machines));
    group.layers = std::make_shared<layer_group>(*group.work, sample_spec{{timed_width}}, std::move(layers),
                                                 optimizer_settings{}, 1, static_cast<int>(i));
    if (predicts && i + 1 < of.groups.size())
      group.predictor = std::make_shared<timed_model>(work, of.settings.batch_size, machines);
    plan.groups.push_back(std::move(group));
  }
  return plan;
}

// With links between processes that cost something each process has one more: what it does for its network.
std::vector<simulated_process> processes_of(const simulated_setup& of) {
  auto out = of.processes;
  if (!of.crossing.any()) return out;
  for (const auto& each : of.processes)
    out.push_back({.threads = 1, .machine = each.machine, .speed = each.speed, .is_urgent = true});
  return out;
}

// Both ways over each interface; of an actor that is an end of one, which.
std::vector<int> add_links(simulation& all) {
  const auto& of = all.of;
  const auto count = static_cast<int>(of.processes.size());
  std::vector<int> ends;
  for (std::size_t i = 0; i + 1 < of.groups.size(); ++i)
    for (const std::uint64_t down : {0, 1}) {
      const link_times when(of.links.empty() ? link_conditions{} : of.links[i],
                            random_source(of.settings.seed, 2 * i + down));
      const auto from = of.process_of[i + down], to = of.process_of[i + 1 - down];
      simulated_machines::link_ends between;
      if (of.crossing.any() && from != to) {
        between = {all.machines.add_actor(count + from), all.machines.add_actor(count + to), of.crossing};
        ends.insert(ends.end(), {all.link_up(i) + static_cast<int>(down), simulated_machines::nobody});
      }
      all.machines.add_link(when, between);
    }
  return ends;
}

// The source, then groups, each with its predictor behind it.
traced_run cast_of(const simulation& all, std::vector<int> ends) {
  traced_run out;
  out.ends = std::move(ends);
  out.actors.push_back({{actor_role::source, 0, "source"}, {}, [] { return true; }});
  for (std::size_t i = 0; i < all.groups.size(); ++i) {
    const auto number = static_cast<int>(i);
    const auto& group = *all.groups[i];
    out.actors.push_back({{actor_role::group, number, fmt::format("group {}", i)},
                          [&group] { return group.version(); },
                          [&group] { return group.waits_for_credit(); }});
    if (group.predictor()) out.actors.push_back({{actor_role::predictor, number, fmt::format("predictor {}", i)}});
  }
  for (int above = 1; above < static_cast<int>(all.groups.size()); ++above)
    for (const auto& [from, to] : {std::pair{above - 1, above}, {above, above - 1}})
      out.links.push_back({actor_role::link, from << 16 | to, fmt::format("link group {} -> group {}", from, to)});
  return out;
}

// From loss to loss, in the middle half.
double middle_of(const std::vector<double>& losses) {
  const auto count = losses.size(), first = count / 4, last = count - 1 - count / 4;
  if (last <= first) return losses.back() / static_cast<double>(count);
  return (losses[last] - losses[first]) / static_cast<double>(last - first);
}

// What others hear of a process that is away, or back, and what the trace tells of its actors.
void tell_of_outage(simulation& all, const traced_run& cast, int process, bool is_away) {
  const auto& where = all.of.process_of;
  for (std::size_t i = 0; i < where.size(); ++i) {
    auto& group = *all.groups[i];
    const bool is_below = i + 1 < where.size() && where[i + 1] == process && where[i] != process;
    if (is_below) all.machines.send(group.actor(), {}, [&group, is_away] { group.network_above(is_away); });
    if (!all.trace || where[i] != process) continue;
    const int last = group.predictor() ? group.predictor()->actor() : group.actor();
    for (int actor = group.actor(); actor <= last; ++actor) cast.lives(*all.trace, actor, all.machines.now(), !is_away);
  }
}

void add_failures(simulated_outages& outages, const simulated_setup& of) {
  constexpr std::uint64_t first_stream = std::uint64_t{1} << 32; // links have those below
  for (const auto& each : of.failures) outages.add(each.process, each.at_s, each.down_s);
  if (of.mtbf_s <= 0) return;
  for (std::size_t i = 0; i < of.processes.size(); ++i)
    outages.draw(static_cast<int>(i), of.mtbf_s, of.down_s, random_source(of.settings.seed, first_stream + i));
}

} // namespace

simulated_run simulate(const simulated_setup& of, const trace_maker& make_trace) {
  cpu_device cpu;
  simulation all{of, {processes_of(of), of.handling_s, of.cores}};
  auto plan = plan_of(of, all, cpu);
  auto& data = cpu.make_stream();
  const run_edges edges(of.groups.size());
  all.source = all.add_actor(of.process_of.front());
  all.feed = [&](std::int64_t credits) { feed(all, plan, data, credits); };
  for (std::size_t i = 0; i < of.groups.size(); ++i)
    all.groups.push_back(std::make_unique<simulated_group_actor>(all, i, plan, edges));
  const auto cast = cast_of(all, add_links(all));
  if (make_trace && (all.trace = make_trace(cast.names()))) cast.watch(all.machines, *all.trace);
  const auto count = static_cast<int>(of.processes.size());
  simulated_outages outages(
    all.machines, of.processes.size(),
    [&](int process) {
      return of.crossing.any() ? std::vector{process, count + process} : std::vector{process};
    },
    [&](int process, bool is_away) { tell_of_outage(all, cast, process, is_away); });
  add_failures(outages, of);
  for (auto& each : all.groups) all.machines.send(each->actor(), {}, [&each] { each->begin(); });
  while (all.machines.step()) {
  }

  simulated_run out;
  out.steps = static_cast<std::int64_t>(all.losses.size());
  out.is_cut_short = out.steps < of.settings.steps && outages.someone_is_away();
  if (out.steps < of.settings.steps && !out.is_cut_short) {
    std::string who = "nothing comes any more after batch " + std::to_string(out.steps);
    for (const auto& each : all.groups) who += "; " + each->describe();
    throw std::logic_error(who);
  }
  out.seconds = all.losses.empty() ? 0 : all.losses.back();
  out.step_s = all.losses.empty() ? 0 : middle_of(all.losses);
  for (std::size_t i = 0; i < of.processes.size(); ++i) {
    const auto process = static_cast<int>(i), network = count + process;
    out.busy.push_back(all.machines.busy_s(process) / (all.machines.now() * of.processes[i].threads));
    out.network_busy.push_back(of.crossing.any() ? all.machines.busy_s(network) / all.machines.now() : 0);
    out.failures.push_back(outages.failures_of(process));
    out.away_s.push_back(outages.away_s(process, out.seconds));
  }
  const auto a_step = [&](int link) {
    return all.machines.bytes_over(link) / static_cast<double>(std::max<std::int64_t>(out.steps, 1));
  };
  for (std::size_t i = 0; i < all.groups.size(); ++i) {
    auto& told = out.groups.emplace_back(all.groups[i]->tell());
    if (i + 1 == all.groups.size()) break;
    told.bytes_up_a_step = a_step(all.link_up(i));
    told.bytes_down_a_step = a_step(all.link_down(i));
  }
  return out;
}

} // namespace syngrad
