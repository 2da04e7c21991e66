#include "actors/assembly.hpp"

#include "actors/actor_setups.hpp"
#include "actors/data_wait.hpp"
#include "actors/emulated_link.hpp"
#include "actors/group_actor.hpp"
#include "actors/group_outline.hpp"
#include "actors/predictor_actor.hpp"
#include "actors/run_restore.hpp"
#include "actors/source_actor.hpp"

#include <algorithm>
#include <functional>

namespace syngrad {

namespace {

// The context of an actor that works on a stream.
using context_maker =
  std::function<actor_context(stream& work, const std::string& title, edge_id below, edge_id above)>;

// Whether emulated links lie between the ends of an edge, which are both here.
bool emulated(const run_plan& plan, const run_edge& edge) {
  if (!edge.between_groups()) return false;
  const auto is_here = [&](int group) { return plan.groups[static_cast<std::size_t>(group)].layers != nullptr; };
  return is_here(edge.below) && is_here(edge.above) && plan.settings.link.at(edge.below).takes_time();
}

void spawn_group(caf::actor_system& system, run_plan& plan, std::size_t index, const run_edges& edges,
                 const context_maker& context_of, running_actors& out) {
  auto setup = setup_of_group(plan, static_cast<int>(index), edges);
  setup.from_below = out.from_below[index] = std::make_shared<link_counters>();
  setup.from_above = out.from_above[index] = std::make_shared<link_counters>();
  auto context = context_of(*setup.work, "group " + std::to_string(index), setup.below.id, setup.above.id);
  context.link_below = emulated(plan, setup.below);
  context.link_above = emulated(plan, setup.above);
  out.groups[index] = system.spawn<group_actor>(context, std::move(setup));
}

// The predictor and the solver of an edge, where the group below it has them.
void spawn_predictor(caf::actor_system& system, const run_plan& plan, const run_edge& edge,
                     const context_maker& context_of, running_actors& out) {
  if (!edge.between_groups()) return;
  const auto index = static_cast<std::size_t>(edge.below);
  const auto& planned = plan.groups[index];
  if (!planned.predictor) return;
  const auto number = std::to_string(edge.below);
  auto& solver_work = *planned.solver_work;
  out.solvers[index] = system.spawn<solver_actor>(context_of(solver_work, "solver " + number, no_edge, edge.id), edge,
                                                  std::ref(solver_work));
  auto setup = setup_of_predictor(plan, edge);
  auto context = context_of(*setup.work, "predictor " + number, no_edge, edge.id);
  out.predictors[index] = system.spawn<predictor_actor>(context, std::move(setup), out.solvers[index]);
}

// One for each direction of an edge, where there are any.
void spawn_links(caf::actor_system& system, const run_plan& plan, const run_edge& edge, running_actors& out) {
  if (!emulated(plan, edge)) return;
  constexpr std::uint64_t first_random_stream = 2'000'000; // apart from those of layers and predictors
  const auto below = static_cast<std::size_t>(edge.below), above = static_cast<std::size_t>(edge.above);
  const auto make = [&](std::size_t from, std::size_t to, std::shared_ptr<link_counters> counters) {
    actor_context context{++out.numbers_used, plan.trace, plan.node};
    context.below = context.above = edge.id; // what is sent to it is sent over the edge
    const auto number = first_random_stream + 2 * below + (from > to ? 1 : 0);
    return spawn_emulated_link(system, context,
                               {static_cast<int>(from), static_cast<int>(to), plan.settings.link.at(edge.below),
                                random_source(plan.settings.seed, number), out.groups[to], std::move(counters),
                                out.state});
  };
  out.links_up[below] = make(below, above, out.from_below[above]);
  out.links_down[below] = make(above, below, out.from_above[below]);
}

// A run that ends by time trains on what waits before group 0: where that is here, two batches keep it busy.
std::int64_t most_waiting_of(const run_plan& plan) {
  return plan.settings.time_limit_s && plan.groups.front().layers ? 2 : 0;
}

std::shared_ptr<const saved_part> saved_source(const run_plan& plan) {
  const auto* part = plan.saved ? find_part(*plan.saved, "source") : nullptr;
  return part ? std::shared_ptr<const saved_part>(plan.saved, part) : nullptr;
}

// Source, groups, predictors, solvers and emulated links that are here.
std::vector<caf::actor> workers_of(const running_actors& here) {
  std::vector<caf::actor> workers;
  const auto add = [&workers](const caf::actor& each) {
    if (each) workers.push_back(each);
  };
  add(here.source);
  for (const auto* each : {&here.groups, &here.predictors, &here.solvers, &here.links_up, &here.links_down})
    std::for_each(each->begin(), each->end(), add);
  return workers;
}

// What is here, or stands in for it.
const caf::actor& either(const caf::actor& here, const caf::actor& outside) {
  return here ? here : outside;
}

std::vector<caf::actor> either(std::vector<caf::actor> here, const std::vector<caf::actor>& outside) {
  for (std::size_t i = 0; i < here.size() && i < outside.size(); ++i) here[i] = either(here[i], outside[i]);
  return here;
}

} // namespace

running_actors spawn_local_actors(caf::actor_system& system, run_plan& plan) {
  running_actors out;
  out.state = std::make_shared<run_state>();
  out.groups.resize(plan.groups.size());
  out.predictors.resize(plan.groups.size());
  out.solvers.resize(plan.groups.size());
  out.links_up.resize(plan.groups.size());
  out.links_down.resize(plan.groups.size());
  out.from_below.resize(plan.groups.size());
  out.from_above.resize(plan.groups.size());
  const run_edges edges(plan.groups.size());
  const context_maker context_of = [&](stream& work, const std::string& title, edge_id below,
                                       edge_id above) -> actor_context {
    auto* const timer = plan.work ? plan.work->timer_of(work, title) : nullptr;
    return {++out.numbers_used, plan.trace, plan.node, timer, work.owner().profiler(), below, above};
  };
  if (plan.data) {
    out.coordinator = system.spawn<coordinator_actor>(actor_context{++out.numbers_used, plan.trace, plan.node});
    auto& loading = plan.source_device->make_stream();
    source_setup feed{plan.data,
                      std::move(*plan.order),
                      plan.settings.augment,
                      plan.settings.seed,
                      &loading,
                      reads_host_only(plan, edges.from_source().above),
                      plan.settings.evaluate_every.value_or(0),
                      plan.settings.evaluate_every_s,
                      plan.following,
                      most_waiting_of(plan),
                      plan.settings.max_alone.value_or(0) > 0,
                      plan.settings.checkpoint_every,
                      plan.settings.checkpoint_every_s,
                      saved_source(plan)};
    out.source = system.spawn<source_actor>(context_of(loading, "source", no_edge, no_edge), std::move(feed));
  }
  for (std::size_t i = 0; i < plan.groups.size(); ++i)
    if (plan.groups[i].layers) spawn_group(system, plan, i, edges, context_of, out);
  for (const auto& edge : edges) {
    spawn_predictor(system, plan, edge, context_of, out);
    spawn_links(system, plan, edge, out);
  }
  out.all = workers_of(out);
  if (out.coordinator) out.all.insert(out.all.begin(), out.coordinator);
  return out;
}

void join_actors(const running_actors& here, const outside_actors& outside) {
  const auto coordinator = either(here.coordinator, outside.coordinator);
  const auto source = either(here.source, outside.source);
  const auto groups = either(here.groups, outside.groups);
  if (here.source) caf::anon_send(here.source, connect{{}, groups.front(), {}, coordinator});
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (here.solvers[i]) caf::anon_send(here.solvers[i], connect{{}, {}, {}, coordinator});
    if (here.predictors[i]) caf::anon_send(here.predictors[i], connect{groups[i], {}, {}, coordinator});
  }
  const auto at_end = [&](int end, const run_edge& edge, const std::vector<caf::actor>& links) {
    if (end == run_edge::nobody) return caf::actor{};
    if (edge.between_groups() && links[edge.id]) return links[edge.id];
    return end == run_edge::source ? source : groups[static_cast<std::size_t>(end)];
  };
  const run_edges edges(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!here.groups[i]) continue;
    const auto &below = edges.below(i), &above = edges.above(i);
    caf::anon_send(here.groups[i], connect{at_end(below.below, below, here.links_down),
                                           at_end(above.above, above, here.links_up), here.predictors[i], coordinator});
  }
}

void start_run(const running_actors& here, const outside_actors& outside, const run_plan& plan) {
  auto setup = std::make_shared<coordinator_setup>();
  setup->source = here.source;
  setup->groups = either(here.groups, outside.asked.empty() ? outside.groups : outside.asked);
  setup->local = workers_of(here);
  setup->steps = plan.settings.steps;
  setup->batch_size = plan.settings.batch_size;
  setup->unit = plan.unit;
  if (plan.data) {
    setup->data = plan.data->name;
    setup->faster_data = what_makes_data_faster(plan.data->train, static_cast<bool>(plan.settings.augment));
  }
  setup->trained_for = plan.trained_for;
  setup->target = plan.settings.target;
  setup->time_limit_s = plan.settings.time_limit_s;
  setup->has_validation = plan.settings.validation_fraction > 0;
  setup->skip_nonfinite = plan.settings.skip_nonfinite;
  setup->devices = plan.devices;
  setup->observer = plan.observer;
  setup->state = here.state;
  const auto there = [](const caf::actor& each) { return static_cast<bool>(each); };
  setup->saved_parts = 1 + setup->groups.size() +
                       static_cast<std::size_t>(std::count_if(here.predictors.begin(), here.predictors.end(), there));
  setup->saves_at_once = plan.saves_at_once;
  setup->signature = plan.signature;
  setup->saved = plan.saved;
  caf::anon_send(here.coordinator, coordinator_actor::begin{setup});
}

running_actors spawn_actors(caf::actor_system& system, run_plan& plan) {
  auto out = spawn_local_actors(system, plan);
  join_actors(out, {});
  start_run(out, {}, plan);
  plan.saved = nullptr; // the actors have it until they have gone on from it
  for (auto& each : plan.groups) each.saved = nullptr;
  return out;
}

} // namespace syngrad
