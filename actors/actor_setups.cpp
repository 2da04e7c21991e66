#include "actors/actor_setups.hpp"

#include "actors/group_outline.hpp"

#include <utility>

namespace syngrad {

bool reads_host_only(const run_plan& plan, int end) {
  if (end == run_edge::nobody) return false;
  auto* const where = end == run_edge::source ? plan.source_device : plan.groups[static_cast<std::size_t>(end)].where;
  return !where || where->host_reads_memory();
}

group_setup setup_of_group(const run_plan& plan, int index, const run_edges& edges) {
  const auto& settings = plan.settings;
  const auto at = static_cast<std::size_t>(index);
  const int count = static_cast<int>(plan.groups.size());
  const auto& planned = plan.groups[at];
  group_setup setup;
  setup.index = index;
  setup.count = count;
  setup.below = edges.below(at);
  setup.above = edges.above(at);
  setup.units = planned.units;
  setup.layers = planned.layers;
  setup.work = planned.work;
  setup.copies = planned.copies;
  setup.gate = planned.gate;
  setup.host_below = reads_host_only(plan, setup.below.below);
  setup.host_above = reads_host_only(plan, setup.above.above);
  setup.policy = std::move(*make_update_policy(settings));
  setup.trained_for = plan.trained_for;
  setup.rate = rate_of_group(settings, plan.rate, index);
  setup.clip_norm = settings.clip_norm;
  setup.recompute = settings.recompute;
  setup.deterministic = settings.deterministic;
  setup.lag = lag_of_group(settings, *setup.policy, index, count);
  setup.credits = credits_of(settings, index, count);
  setup.audit_every = settings.audit_every;
  setup.seed = settings.seed;
  setup.gradients = settings.correct.is_all() ? settings.gradients : settings.correct; // one of them is all
  setup.max_alone = settings.max_alone.value_or(0);
  setup.observer = plan.updates;
  setup.micro_batches = parts_of_batches(settings);
  // Where the policy bounds them itself there is room for those, too, whose end the stream is not past yet.
  const auto in_flight = setup.policy->most_in_flight(index, count);
  setup.cache_limit = in_flight > 0 ? 2 * in_flight + 2 : cache_limit_of(settings, index, count, setup.lag);
  setup.layer_bytes = planned.layer_bytes;
  setup.predictor_bytes = planned.predictor_bytes;
  setup.predictor = planned.predictor;
  setup.saved = planned.saved;
  if (planned.predictor) setup.predictor_parameters = planned.predictor->parameter_count();
  return setup;
}

predictor_setup setup_of_predictor(const run_plan& plan, const run_edge& edge) {
  const auto& planned = plan.groups[static_cast<std::size_t>(edge.below)];
  predictor_setup setup;
  setup.edge = edge;
  setup.kind = plan.settings.synthetic.kind;
  setup.model = planned.predictor;
  setup.work = planned.predictor_work;
  setup.rate = plan.synthetic_rate;
  setup.deterministic = plan.settings.deterministic;
  setup.saved = planned.saved;
  return setup;
}

} // namespace syngrad
