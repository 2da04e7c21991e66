// Builds groups and predictors of a run that passes its checks.
#include "actors/run_plan.hpp"
#include "actors/group_outline.hpp"
#include "actors/run_check.hpp"
#include "actors/run_restore.hpp"
#include "actors/update_policy.hpp"
#include "models/starting_weights.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/stream.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <new>
#include <utility>

namespace syngrad {

namespace {

// The predictor of the interface above a group.
result<std::unique_ptr<synthetic_gradient_model>> build_predictor(const run_plan& plan, planned_group& group,
                                                                  std::size_t interface, const sample_spec& output) {
  group.predictor_work = &group.where->make_stream(stream_priority::normal);
  group.solver_work = &group.where->make_stream(stream_priority::low);
  constexpr std::uint64_t first_random_stream = 1'000'000; // apart from those of the layers
  random_source random(plan.settings.seed, first_random_stream + interface);
  return make_synthetic_gradient_model(*group.predictor_work, plan.settings.synthetic,
                                       task_of(group.layers->output(), output), random);
}

// Predictions that have learnt little are noise, which keeps a network that knows little from learning: by default they
// take no part in the first fifth of a run.
later_gradient::options later_of(const run_plan& plan, std::int64_t classes) {
  later_gradient::options out;
  out.classes = static_cast<std::int32_t>(classes);
  out.targets = plan.following;
  out.warmup = plan.settings.warmup_batches > 0 ? plan.settings.warmup_batches : plan.settings.steps / 5;
  return out;
}

// `output`: of the network.
status build_group(const run_plan& plan, planned_group& group, std::size_t index, const sample_spec& input,
                   layer_list layers, int first_layer, const sample_spec& output, const starting_weights* start,
                   bool with_predictor) {
  try {
    group.work = &group.where->make_stream(stream_priority::high);
    group.copies = &group.where->make_stream(stream_priority::high);
    auto taken = [&, before = std::uint64_t{0}]() mutable {
      const auto now = group.where->memory().counters().bytes_in_use;
      return now - std::exchange(before, now);
    };
    static_cast<void>(taken());
    group.layers = std::make_shared<layer_group>(*group.work, input, std::move(layers),
                                                 optimizer_of_group(plan.settings, static_cast<int>(index)),
                                                 plan.settings.seed, first_layer);
    if (start)
      for (auto& each : group.layers->weights()) start->give(*group.work, each.name, each.value);
    group.layers->use_recordings(plan.settings.cuda_graphs);
    group.layer_bytes = taken();
    if (plan.settings.unroll.predicts) group.layers->predict_later(*group.work, later_of(plan, output.features()));
    group.predictor_bytes = taken();
    if (!with_predictor) return ok();
    auto predictor = build_predictor(plan, group, index, output);
    if (!predictor) return predictor.failure();
    group.predictor = std::move(*predictor);
    group.predictor->use_recordings(plan.settings.cuda_graphs);
    group.predictor_bytes += taken();
    return ok();
  } catch (const std::bad_alloc& reason) {
    return error::resource(
      fmt::format("group {} (layers {}) does not fit: {}; a smaller model or another device would help", index,
                  group.units, reason.what()));
  } catch (const device_failure& reason) {
    return error::device(fmt::format("group {} (layers {}) cannot be built: {}", index, group.units, reason.what()));
  }
}

status build_groups(run_plan& plan, network net, const device_places& places) {
  const bool predicts = capabilities_of(plan.settings).predicts;
  const auto& split = plan.settings.split;
  const auto specs = infer_specs(net).value(); // checked before
  plan.following = plan.settings.unroll.targets_seen(static_cast<std::int32_t>(specs.back().features()));
  int first_layer = 0, first_unit = 0;
  for (std::size_t i = 0; i < split.size(); ++i) {
    const int units = split[i];
    layer_list layers;
    for (int j = 0; j < units; ++j)
      for (auto& each : net.units[static_cast<std::size_t>(first_unit + j)]) layers.push_back(std::move(each));
    const auto count = static_cast<int>(layers.size());
    planned_group group;
    group.units = name_of_units(first_unit, units);
    group.where = places.groups[i];
    if (group.where) {
      const bool with_predictor = predicts && i + 1 < split.size();
      if (auto built = build_group(plan, group, i, specs[static_cast<std::size_t>(first_layer)], std::move(layers),
                                   first_layer, specs.back(), net.start.get(), with_predictor);
          !built)
        return built.failure();
    }
    plan.groups.push_back(std::move(group));
    first_layer += count;
    first_unit += units;
  }
  return ok();
}

std::vector<device*> used_devices(const device_places& places) {
  auto all = places.groups;
  if (places.source) all.push_back(places.source);
  std::erase(all, nullptr);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

} // namespace

result<run_plan> make_run_plan(training_settings settings, network net, const dataset* data,
                               const device_places& places, training_observer observer, trace_recorder* trace) {
  if (settings.split.empty()) settings.split = {static_cast<int>(net.units.size())};
  if (auto good = check_run(settings, net, data); !good) return good.failure();
  if (places.groups.size() != settings.split.size())
    return error::setting(
      fmt::format("there are {} groups, but places for {}", settings.split.size(), places.groups.size()));

  run_plan plan;
  plan.settings = settings;
  auto wanted = settings.objective;
  wanted.of_text = data && data->train.is_text();
  plan.trained_for = std::move(*make_objective(wanted)); // checked above
  plan.unit = unit_of(net.input);
  plan.settings.synthetic = predictors_of(settings, net);
  plan.signature = signature_of(plan.settings, net);
  plan.data = data;
  plan.source_device = places.source;
  plan.devices = used_devices(places);
  plan.observer = std::move(observer);
  plan.trace = trace;
  if (trace) plan.work = std::make_shared<work_log>(*trace);
  if (trace)
    plan.updates = std::make_shared<recording_observer>(*trace);
  else
    plan.updates = std::make_shared<update_observer>();
  const auto needs = needs_of_synthetic_gradient_kind(plan.settings.synthetic.kind);
  auto rate = learning_rate::parse(settings.learning_rate.value_or(usual_learning_rate(settings.optimizer)),
                                   settings.schedule, settings.steps);
  auto synthetic_rate = learning_rate::parse(
    settings.synthetic_learning_rate.value_or(needs.rate.value_or(usual_learning_rate(settings.synthetic.optimizer))),
    needs.follows_schedule ? settings.schedule : "", settings.steps);
  if (!rate) return rate.failure();
  if (!synthetic_rate) return synthetic_rate.failure();
  plan.rate = *rate;
  plan.synthetic_rate = *synthetic_rate;
  if (data) {
    auto order = order_samples(*data, {.batch_size = settings.batch_size,
                                       .seed = settings.seed,
                                       .validation_fraction = settings.validation_fraction,
                                       .continuing = settings.continuing_windows,
                                       .eval_samples = settings.evaluate_samples,
                                       .parts = parts_of_batches(settings)});
    if (!order) return order.failure();
    plan.order.emplace(std::move(*order));
  }
  if (auto built = build_groups(plan, std::move(net), places); !built) return built.failure();
  return plan;
}

} // namespace syngrad
