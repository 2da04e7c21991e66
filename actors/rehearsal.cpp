#include "actors/rehearsal.hpp"

#include "actors/group_outline.hpp"
#include "actors/update_policy.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace syngrad {

namespace {

constexpr int most_rehearsal_threads = 8, most_rehearsal_credits = 16;

} // namespace

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

training_settings rehearsal_of(training_settings settings) {
  const auto count = static_cast<int>(settings.split.size());
  const auto policy = make_update_policy(settings);
  if (settings.link.is_in_time()) settings.link = {};
  const int lag = policy ? lag_of_group(settings, **policy, 0, count) : 0;
  constexpr std::int64_t updates = 5; // enough that weights are kept after them
  const auto can = capabilities_of(settings);
  const std::int64_t of_update = can.cuts_batches ? 1 : can.micro_batches;
  settings.steps = std::min(settings.steps, std::max<std::int64_t>(3 * lag + 24, updates * of_update));
  settings.schedule.clear();
  settings.cuda_graphs = false;
  settings.max_alone = 0;
  settings.gradients = settings.correct = {};
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

} // namespace syngrad
