#include "actors/planned_memory.hpp"

#include "actors/batch_source.hpp"
#include "actors/group_outline.hpp"
#include "actors/training.hpp"
#include "actors/update_policy.hpp"
#include "runtime/cpu/idle_device.hpp"

#include <algorithm>

namespace syngrad {

namespace {

constexpr int most_rehearsal_threads = 8, most_rehearsal_credits = 16;

template <class Of>
std::uint64_t sum_over(const std::vector<group_memory>& groups, Of of) {
  std::uint64_t sum = 0;
  for (const auto& each : groups) sum += of(each);
  return sum;
}

// A few batches of zeros that fit the network.
dataset stand_in_for_data(const network& net, const sample_spec& output, const training_settings& settings) {
  constexpr std::int64_t batches = 4;
  const auto count = batches * settings.batch_size;
  dataset out;
  out.name = "zeros";
  out.input = net.input;
  const bool labels = (*make_objective(settings.objective))->takes_labels();
  const auto rows = output.rows();
  if (net.input.is_numbers() && rows == net.input.elements()) {
    out.target = net.input;
    out.target.categories = static_cast<std::int32_t>(output.features());
    out.tokens = vocabulary::of_numbers(net.input.categories);
    const auto window = net.input.elements();
    const auto text =
      token_text::of(std::vector<std::uint16_t>(static_cast<std::size_t>(count * window + 1)), out.name);
    for (auto* each : {&out.train, &out.test}) {
      each->text = text;
      each->window = window;
      each->count = count;
    }
    return out;
  }
  if (labels)
    out.target = {rows == 1 ? shape{1} : shape{rows}, dtype::i32, static_cast<std::int32_t>(output.features())};
  else
    out.target = output;
  for (auto* each : {&out.train, &out.test}) {
    each->count = count;
    const auto inputs = static_cast<std::size_t>(count * net.input.elements());
    if (net.input.is_numbers())
      each->numbers.resize(inputs);
    else
      each->bytes.resize(inputs);
    const auto targets = static_cast<std::size_t>(count * out.target.elements());
    if (labels)
      each->labels.resize(targets);
    else
      each->values.resize(targets);
  }
  return out;
}

// As many steps as it takes until each group holds what it will hold, at fixed delays.
training_settings for_rehearsal(training_settings settings) {
  const auto count = static_cast<int>(settings.split.size());
  const auto policy = make_update_policy(settings);
  if (settings.link.is_in_time()) settings.link = {};
  const int lag = policy ? lag_of_group(settings, **policy, 0, count) : 0;
  constexpr std::int64_t updates = 5; // enough that weights are kept after them
  const auto can = capabilities_of(settings);
  const std::int64_t of_update = can.cuts_batches ? 1 : can.micro_batches;
  settings.steps = std::min(settings.steps, std::max<std::int64_t>(3 * lag + 24, updates * of_update));
  settings.schedule.clear();
  settings.deterministic = true;
  settings.cuda_graphs = false;
  settings.max_alone = 0;
  settings.gradients = {};
  settings.audit_every = 0;
  settings.warmup_batches = 0;
  settings.evaluate_every.reset();
  settings.evaluate_every_s = 0;
  settings.time_limit_s.reset();
  settings.evaluate_samples = settings.batch_size;
  settings.target.reset();
  settings.validation_fraction = 0;
  settings.augment = {};
  settings.credits = std::min(settings.credits, most_rehearsal_credits);
  settings.threads = std::min(settings.threads, most_rehearsal_threads);
  settings.intra_op = 1;
  settings.skip_nonfinite = true;
  return settings;
}

std::uint64_t memory_of_samples(const dataset& data, const augmentation& augment) {
  idle_device where;
  auto& work = where.make_stream();
  const batch_source train(work, data.train, data, augment), test(work, data.test, data);
  return where.memory().counters().bytes_in_use;
}

std::uint64_t memory_of_batch(const dataset& data, const training_settings& settings, std::int64_t following) {
  idle_device where;
  auto& work = where.make_stream();
  const std::int64_t parts = parts_of_batches(settings), size = (settings.batch_size + parts - 1) / parts;
  const auto values = make_tensor(work, {size, data.input.elements()}, data.input.type),
             targets = make_tensor(work, {size, data.target.elements()}, data.target.type);
  tensor more;
  if (following > 0) more = make_tensor(work, {size, following}, dtype::i32);
  return where.memory().counters().bytes_in_use;
}

result<planned_memory> rehearse(const training_settings& settings, network net, const dataset* data) {
  const auto specs = infer_specs(net);
  if (!specs) return specs.failure();
  const auto output = specs->back();
  const auto zeros = stand_in_for_data(net, output, settings);
  const auto rehearsal = for_rehearsal(settings);
  planned_memory out;
  out.data_batch =
    memory_of_batch(zeros, settings, settings.unroll.targets_seen(static_cast<std::int32_t>(output.features())));
  out.samples = data ? memory_of_samples(*data, settings.augment) : 0;
  const auto stood_in = memory_of_samples(zeros, {});

  idle_device where;
  auto prepared = training::prepare(rehearsal, std::move(net), zeros, where);
  if (!prepared) return prepared.failure();
  const auto summary = (*prepared)->run();
  if (!summary.failure.empty()) return error::resource(summary.failure);
  const auto count = static_cast<int>(summary.groups.size());
  const auto policy = std::move(*make_update_policy(settings)); // known: it has run
  for (const auto& each : summary.groups) {
    const int lag = settings.deterministic ? lag_of_group(settings, *policy, each.group, count) : 0;
    const auto most = std::max(each.most_in_flight, cache_limit_of(settings, each.group, count, lag) - 1);
    out.groups.push_back({each.layers, each.weight_bytes, each.gradient_bytes, each.moment_bytes, each.predictor_bytes,
                          each.cache_bytes, each.most_in_flight, most});
  }
  const auto waiting = [](const training_settings& of) {
    const std::int64_t credits = of.credits;
    return std::min(credits, std::min(credits, of.steps) * parts_of_batches(of));
  };
  out.data_waiting = waiting(settings);
  out.data_batches = out.data_waiting + std::max<std::int64_t>(out.groups.front().in_flight - 1, 0);
  const auto more_waiting = std::max<std::int64_t>(out.data_waiting - waiting(rehearsal), 0);
  out.most_in_use =
    summary.most_bytes_in_use - stood_in + out.samples + out.data_batch * static_cast<std::uint64_t>(more_waiting);
  return out;
}

} // namespace

std::uint64_t planned_memory::workspace() const {
  const auto rest = data() + samples + sum_over(groups, [](const group_memory& of) { return of.held() + of.caches; });
  return most_in_use - std::min(most_in_use, rest);
}

std::uint64_t planned_memory::held() const {
  return data_batch + workspace() + sum_over(groups, [](const group_memory& of) {
           return of.held() + of.caches / static_cast<std::uint64_t>(std::max<std::int64_t>(of.in_flight, 1));
         });
}

std::uint64_t planned_memory::at_most() const {
  const auto& lowest = groups.front();
  return most_in_use + data_batch * static_cast<std::uint64_t>(lowest.most_in_flight - lowest.in_flight) +
         sum_over(groups,
                  [](const group_memory& of) { return of.most_caches() - std::min(of.most_caches(), of.caches); });
}

// Whatever has no place fails as the run would.
result<planned_memory> memory_of_run(const training_settings& settings, network net, const dataset* data) {
  try {
    return rehearse(settings, std::move(net), data);
  } catch (const std::exception& failure) {
    return error_of(failure);
  }
}

} // namespace syngrad
