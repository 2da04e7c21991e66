#include "actors/assembly.hpp"

#include "actors/group_actor.hpp"
#include "actors/predictor_actor.hpp"
#include "actors/solver_actor.hpp"
#include "actors/source_actor.hpp"

#include <algorithm>

namespace syngrad {

namespace {

// Whether group `index` (-1: the source) reads host memory only. So does a link to another process.
bool reads_host_only(const run_plan& plan, int index) {
  auto* const where = index < 0 ? plan.source_device : plan.groups[static_cast<std::size_t>(index)].where;
  return !where || where->host_reads_memory();
}

group_setup setup_of_group(run_plan& plan, int index) {
  const auto& settings = plan.settings;
  const auto at = static_cast<std::size_t>(index);
  const int count = static_cast<int>(plan.groups.size());
  const auto& planned = plan.groups[at];
  group_setup setup;
  setup.index = index;
  setup.count = count;
  setup.units = planned.units;
  setup.layers = planned.layers;
  setup.work = planned.work;
  setup.copies = planned.copies;
  setup.host_below = reads_host_only(plan, index - 1);
  setup.host_above = index + 1 < count && reads_host_only(plan, index + 1);
  setup.policy = std::move(*make_update_policy(settings.policy, settings.warmup_batches));
  setup.rate = plan.rate;
  setup.deterministic = settings.deterministic;
  setup.lag = index == count - 1 ? 0 : settings.lag.value_or(setup.policy->fixed_lag(index, count));
  setup.credits = settings.credits;
  setup.audit_every = settings.audit_every;
  setup.observer = plan.updates;
  // As many as can be above this group at once, by their credits, and at least what the lag holds back.
  setup.cache_limit = std::max((settings.credits + 1) * (count - index), setup.lag + 1) + 1;
  if (planned.predictor) {
    setup.predictor_parameters = planned.predictor->parameter_count();
    setup.predictor_multiply_adds =
      planned.predictor->predict_multiply_adds() + planned.predictor->train_multiply_adds();
  }
  return setup;
}

} // namespace

running_actors spawn_actors(caf::actor_system& system, run_plan& plan) {
  running_actors out;
  out.state = std::make_shared<run_state>();
  std::uint16_t last = 0;
  const auto place = [&] { return actor_place{++last, plan.trace}; };
  const auto place_of = [&](stream& work, const std::string& title) {
    auto* const timer = plan.work ? plan.work->timer_of(work, title) : nullptr;
    return actor_place{++last, plan.trace, timer, work.owner().profiler()};
  };
  out.coordinator = system.spawn<coordinator_actor>(place());
  out.all.push_back(out.coordinator);

  auto setup = std::make_shared<coordinator_setup>();
  auto& loading = plan.source_device->make_stream();
  source_setup feed{plan.data, plan.validation,          std::move(*plan.order),
                    &loading,  reads_host_only(plan, 0), plan.settings.evaluate_every};
  setup->source = system.spawn<source_actor>(place_of(loading, "source"), std::move(feed));
  const int count = static_cast<int>(plan.groups.size());
  for (int i = 0; i < count; ++i) {
    auto& work = *plan.groups[static_cast<std::size_t>(i)].work;
    setup->groups.push_back(
      system.spawn<group_actor>(place_of(work, "group " + std::to_string(i)), setup_of_group(plan, i)));
  }

  std::vector<caf::actor> predictors(plan.groups.size());
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    const auto& planned = plan.groups[i];
    if (!planned.predictor) continue;
    const int at = static_cast<int>(i);
    const auto solver = system.spawn<solver_actor>(place_of(*planned.solver_work, "solver " + std::to_string(i)), at,
                                                   std::ref(*planned.solver_work), out.coordinator);
    predictor_setup of_predictor;
    of_predictor.interface_number = at;
    of_predictor.model = planned.predictor;
    of_predictor.work = planned.predictor_work;
    of_predictor.solver = solver;
    of_predictor.rate = plan.synthetic_rate;
    of_predictor.deterministic = plan.settings.deterministic;
    predictors[i] = system.spawn<predictor_actor>(place_of(*of_predictor.work, "predictor " + std::to_string(i)),
                                                  std::move(of_predictor));
    setup->others.push_back(predictors[i]);
    setup->others.push_back(solver);
  }

  setup->steps = plan.settings.steps;
  setup->batch_size = plan.settings.batch_size;
  setup->target_percent = plan.settings.target_percent;
  setup->has_validation = !plan.validation.empty();
  setup->skip_nonfinite = plan.settings.skip_nonfinite;
  setup->devices = plan.devices;
  setup->observer = plan.observer;
  setup->state = out.state;

  out.all.push_back(setup->source);
  out.all.insert(out.all.end(), setup->groups.begin(), setup->groups.end());
  out.all.insert(out.all.end(), setup->others.begin(), setup->others.end());

  // Every actor knows its neighbours before the first of their messages can come: mailboxes are in order.
  caf::anon_send(setup->source, connect{{}, setup->groups.front(), {}, out.coordinator});
  for (std::size_t i = 0; i < predictors.size(); ++i)
    if (predictors[i]) caf::anon_send(predictors[i], connect{setup->groups[i], {}, {}, out.coordinator});
  for (std::size_t i = 0; i < setup->groups.size(); ++i) {
    const auto& below = i == 0 ? setup->source : setup->groups[i - 1];
    const auto above = i + 1 < setup->groups.size() ? setup->groups[i + 1] : caf::actor{};
    caf::anon_send(setup->groups[i], connect{below, above, predictors[i], out.coordinator});
  }
  caf::anon_send(out.coordinator, coordinator_actor::begin{setup});
  return out;
}

} // namespace syngrad
