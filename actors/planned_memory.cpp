#include "actors/planned_memory.hpp"

#include "actors/batch_source.hpp"
#include "actors/group_outline.hpp"
#include "actors/rehearsal.hpp"
#include "actors/training.hpp"
#include "actors/update_policy.hpp"
#include "runtime/cpu/idle_device.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

namespace {

template <class Of>
std::uint64_t sum_over(const std::vector<group_memory>& groups, Of of) {
  std::uint64_t sum = 0;
  for (const auto& each : groups) sum += of(each);
  return sum;
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
  auto rehearsal = rehearsal_of(settings);
  rehearsal.deterministic = true;
  planned_memory out;
  out.data_batch =
    memory_of_batch(zeros, settings, settings.unroll.targets_seen(static_cast<std::int32_t>(output.features())));
  out.samples = data ? memory_of_samples(*data, settings.augment) : 0;
  const auto stood_in = memory_of_samples(zeros, {});

  idle_device where;
  auto prepared = training::prepare(rehearsal, std::move(net), zeros, where);
  if (!prepared) return prepared.failure();
  auto summary = (*prepared)->run();
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
  out.rehearsed = std::move(summary.groups);
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
