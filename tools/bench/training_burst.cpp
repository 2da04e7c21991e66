#include "tools/bench/training_burst.hpp"

#include "actors/training.hpp"
#include "runtime/random.hpp"

namespace syngrad::tools {

namespace {

sample_set random_samples(std::int64_t features, std::int32_t classes, std::int64_t count, random_source& random) {
  sample_set made;
  made.count = count;
  made.bytes.resize(static_cast<std::size_t>(count * features));
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  made.labels.resize(static_cast<std::size_t>(count));
  for (auto& label : made.labels) label = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes)));
  return made;
}

} // namespace

dataset random_dataset(std::int64_t features, std::int32_t classes, std::int64_t count) {
  random_source random(1, 0);
  dataset made;
  made.name = "random";
  made.features = features;
  made.classes = classes;
  made.train = random_samples(features, classes, count, random);
  made.test = random_samples(features, classes, 256, random);
  return made;
}

result<double> training_burst::run(std::int64_t steps, const dataset& data, device& where) const {
  auto net = make_network(model);
  if (!net) return net.failure();
  training_settings settings;
  settings.policy = policy;
  settings.split.assign(net->units.size(), 1);
  settings.synthetic.kind = "linear";
  settings.batch_size = batch;
  settings.steps = steps;
  settings.threads = threads;
  settings.cuda_graphs = cuda_graphs;
  auto prepared = training::prepare(settings, std::move(*net), data, where);
  if (!prepared) return prepared.failure();
  const auto summary = (*prepared)->run();
  if (summary.end != run_end::finished) return error{"a training of " + model + " ended early: " + summary.failure};
  return summary.steps_per_s;
}

} // namespace syngrad::tools
