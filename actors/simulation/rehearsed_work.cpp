#include "actors/simulation/rehearsed_work.hpp"

#include "actors/group_outline.hpp"
#include "actors/links/gradient_subspace.hpp"
#include "actors/links/wire_format.hpp"
#include "actors/rehearsal.hpp"
#include "actors/training.hpp"
#include "actors/update_policy.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

namespace syngrad {

namespace {

constexpr double measured_s = 1;
constexpr std::int64_t most_measured_steps = 2000;

result<training_summary> make_steps(const training_settings& rehearsal, const dataset& zeros,
                                    const std::function<result<network>()>& make) {
  auto net = make();
  if (!net) return net.failure();
  cpu_device cpu;
  try {
    auto prepared = training::prepare(rehearsal, std::move(*net), zeros, cpu);
    if (!prepared) return prepared.failure();
    auto summary = (*prepared)->run();
    if (!summary.failure.empty()) return error::resource(summary.failure);
    return summary;
  } catch (const std::exception& failure) {
    return error_of(failure);
  }
}

// Of a tensor of floats with so many rows.
std::uint64_t wire_bytes_of(std::int64_t rows, const sample_spec& spec, wire_format format, std::int64_t rank = 0) {
  const shape extents{rows * spec.rows(), spec.features()};
  return rank > 0 ? factor_bytes(extents, rank, format) : wire_bytes(extents, format);
}

// Of one thread that does all of it at one multiply-add a second, or in no time.
double step_of_one_thread(const training_settings& settings, const std::vector<group_work>& groups, bool works) {
  simulated_setup alone;
  alone.settings = settings;
  alone.settings.steps = std::max<std::int64_t>(100, 8 * static_cast<std::int64_t>(groups.size()));
  alone.settings.deterministic = false;
  alone.groups = groups;
  alone.processes = {{.threads = 1, .multiply_adds_per_s = works ? 1 : std::numeric_limits<double>::infinity()}};
  alone.process_of.assign(groups.size(), 0);
  if (works) alone.handling_s = 0;
  return simulate(alone).step_s;
}

} // namespace

result<std::vector<group_work>> work_of_groups(const training_settings& settings, const network& net,
                                               const std::vector<group_report>& rehearsed, const wire_choice& wire) {
  if (capabilities_of(settings).has_gate)
    return error::setting("policy: " + settings.policy +
                          " goes by what is learnt, which is not simulated; use what it would come to: synthetic, "
                          "corrected or delayed");
  std::vector<group_work> out;
  const auto outlines = outline_groups(settings, net);
  const auto samples = static_cast<double>(settings.batch_size);
  const auto targets = static_cast<std::uint64_t>(outlines.back().output().rows() * settings.batch_size);
  for (std::size_t i = 0; i < outlines.size(); ++i) {
    const auto& of = outlines[i];
    group_work work;
    work.forward = work.input_gradient = work.parameter_gradient = samples * of.multiply_adds() / 3;
    work.update = rehearsed[i].optimizer_multiply_adds;
    if (of.predictor) {
      work.predict = samples * static_cast<double>(of.output().rows()) * of.predictor->predict_multiply_adds;
      work.train_predictor = std::max(0.0, rehearsed[i].predictor_multiply_adds - work.predict);
    }
    work.bytes_up = wire_bytes_of(settings.batch_size, of.output(), wire.elements) + sizeof(std::int32_t) * targets;
    work.bytes_down = wire_bytes_of(settings.batch_size, of.output(), wire.elements, wire.rank.columns);
    out.push_back(work);
  }
  return out;
}

result<double> measure_thread_rate(const training_settings& settings, const std::vector<group_work>& groups,
                                   const std::function<result<network>()>& make) {
  const auto net = make();
  if (!net) return net.failure();
  const auto specs = infer_specs(*net);
  if (!specs) return specs.failure();
  const auto zeros = stand_in_for_data(*net, specs->back(), settings);
  auto rehearsal = rehearsal_of(settings);
  rehearsal.threads = 1;
  rehearsal.deterministic = false;
  rehearsal.link = {};
  auto made = make_steps(rehearsal, zeros, make);
  if (!made) return made.failure();
  rehearsal.steps = std::clamp(static_cast<std::int64_t>(measured_s * made->steps_per_s), rehearsal.steps,
                               std::max(rehearsal.steps, most_measured_steps));
  made = make_steps(rehearsal, zeros, make); // the first time much is made that is kept
  if (!made) return made.failure();
  const auto step_s = 1 / made->steps_per_s, handling_s = step_of_one_thread(settings, groups, false);
  return step_of_one_thread(settings, groups, true) / (step_s > handling_s ? step_s - handling_s : step_s);
}

} // namespace syngrad
