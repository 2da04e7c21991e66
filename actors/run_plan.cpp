// Checks the settings of a run against its network and data, and builds groups and predictors.
#include "actors/assembly.hpp"
#include "actors/policies/update_policy.hpp"
#include "runtime/data/hold_out.hpp"

#include <numeric>

namespace syngrad {

namespace {

status check_data(const network& net, const dataset& data, std::int64_t batch_size) {
  if (net.inputs != data.features)
    return error{"the model '" + net.description + "' takes " + std::to_string(net.inputs) + " inputs, but the data '" +
                 data.name + "' has " + std::to_string(data.features) + " features: change the model's first number"};
  if (net.classes < data.classes)
    return error{"the model '" + net.description + "' has " + std::to_string(net.classes) + " classes, but the data '" +
                 data.name + "' has " + std::to_string(data.classes) + ": change the model's last number"};
  if (batch_size < 2)
    return error{"a batch needs at least 2 samples (batch normalisation), not " + std::to_string(batch_size)};
  if (data.test.count < 1) return error{"the data '" + data.name + "' has no test samples"};
  return ok();
}

status check_split(const std::vector<int>& split, std::size_t units) {
  std::int64_t total = 0;
  for (const int each : split) {
    if (each < 1) return error{"a split gives each group at least 1 unit, not " + std::to_string(each)};
    total += each;
  }
  if (total != static_cast<std::int64_t>(units))
    return error{"the split adds up to " + std::to_string(total) + " units, but the model has " +
                 std::to_string(units)};
  return ok();
}

status check_numbers(const training_settings& settings) {
  const auto at_least = [](const char* what, auto value, auto bound) -> status {
    if (value >= bound) return ok();
    return error{std::string(what) + " must be at least " + std::to_string(bound) + ", not " + std::to_string(value)};
  };
  for (const auto& each : {at_least("steps", settings.steps, std::int64_t{1}), at_least("credits", settings.credits, 1),
                           at_least("threads", settings.threads, 1), at_least("intra-op", settings.intra_op, 1),
                           at_least("sg-warmup", settings.warmup_batches, std::int64_t{0}),
                           at_least("eval-every", settings.evaluate_every, std::int64_t{0}),
                           at_least("audit", settings.audit_every, std::int64_t{0})})
    if (!each) return each.failure();
  if (!(settings.learning_rate > 0) || !(settings.synthetic_learning_rate > 0))
    return error{"a learning rate must be above 0"};
  return ok();
}

status check_lag(const training_settings& settings) {
  if (!settings.lag) return ok();
  if (!settings.deterministic)
    return error{"a lag applies to deterministic runs only: add --deterministic or leave --lag out"};
  // A prediction cannot come after its own target.
  const int least = policy_predicts(settings.policy) ? 1 : 0;
  constexpr int most = 256;
  if (*settings.lag < least || *settings.lag > most)
    return error{"the lag of policy '" + settings.policy + "' must be " + std::to_string(least) + " to " +
                 std::to_string(most) + ", not " + std::to_string(*settings.lag)};
  return ok();
}

void build_groups(run_plan& plan, network net) {
  int first_layer = 0, first_unit = 0;
  for (const int units : plan.settings.split) {
    layer_list layers;
    for (int i = 0; i < units; ++i)
      for (auto& each : net.units[static_cast<std::size_t>(first_unit + i)]) layers.push_back(std::move(each));
    const auto count = static_cast<int>(layers.size());
    auto& work = plan.where->make_stream();
    plan.streams.push_back(&work);
    plan.groups.push_back(
      std::make_shared<layer_group>(work, std::move(layers), plan.settings.optimizer, plan.settings.seed, first_layer));
    plan.groups.back()->use_recordings(plan.settings.cuda_graphs);
    plan.units.push_back(units == 1 ? std::to_string(first_unit)
                                    : std::to_string(first_unit) + "-" + std::to_string(first_unit + units - 1));
    first_layer += count;
    first_unit += units;
  }
}

status build_predictors(run_plan& plan, std::int32_t classes) {
  if (!policy_predicts(plan.settings.policy)) return ok();
  for (std::size_t i = 0; i + 1 < plan.groups.size(); ++i) {
    auto& work = plan.where->make_stream();
    constexpr std::uint64_t first_random_stream = 1'000'000; // apart from those of the layers
    random_source random(plan.settings.seed, first_random_stream + i);
    auto model =
      make_synthetic_gradient_model(work, plan.settings.synthetic, plan.groups[i]->outputs(), classes, random);
    if (!model) return model.failure();
    plan.predictors.push_back(std::move(*model));
    plan.predictors.back()->use_recordings(plan.settings.cuda_graphs);
    plan.predictor_streams.push_back(&work);
  }
  return ok();
}

result<batch_order> order_batches(run_plan& plan, const dataset& data) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(data.train.count));
  std::iota(rows.begin(), rows.end(), 0);
  if (plan.settings.validation_fraction > 0) {
    auto parts = hold_out(data.train, plan.settings.validation_fraction, plan.settings.seed);
    if (!parts) return parts.failure();
    rows = std::move(parts->train);
    plan.validation = std::move(parts->validation);
  }
  return batch_order::make(std::move(rows), plan.settings.batch_size, plan.settings.seed);
}

} // namespace

result<run_plan> make_run_plan(training_settings settings, network net, const dataset& data, device& where,
                               training_observer observer, trace_recorder* trace) {
  if (settings.split.empty()) settings.split = {static_cast<int>(net.units.size())};
  const auto policy = make_update_policy(settings.policy, 0);
  if (!policy) return policy.failure();
  for (const auto& each : {check_data(net, data, settings.batch_size), check_split(settings.split, net.units.size()),
                           check_numbers(settings), check_lag(settings), check_optimizer(settings.optimizer),
                           check_optimizer(settings.synthetic.optimizer)})
    if (!each) return each.failure();

  run_plan plan;
  plan.settings = settings;
  plan.data = &data;
  plan.where = &where;
  plan.observer = std::move(observer);
  plan.trace = trace;
  if (trace) plan.work = std::make_shared<work_log>(*trace);
  if (trace)
    plan.updates = std::make_shared<recording_observer>(*trace);
  else
    plan.updates = std::make_shared<update_observer>();
  for (const auto& [base, rate] : {std::pair{settings.learning_rate, &plan.rate},
                                   std::pair{settings.synthetic_learning_rate, &plan.synthetic_rate}}) {
    auto parsed = learning_rate::parse(base, settings.decay, settings.steps);
    if (!parsed) return parsed.failure();
    *rate = *parsed;
  }
  auto order = order_batches(plan, data);
  if (!order) return order.failure();
  plan.order.emplace(std::move(*order));
  const auto classes = net.classes;
  build_groups(plan, std::move(net));
  const auto built = build_predictors(plan, classes);
  if (!built) return built.failure();
  return plan;
}

} // namespace syngrad
