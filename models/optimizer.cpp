#include "models/optimizer.hpp"

#include "models/optimizers/optimizers.hpp"
#include "runtime/text.hpp"

#include <algorithm>

namespace syngrad {

namespace {

struct optimizer_kind {
  std::string_view name;
  float learning_rate; // the usual one
  std::unique_ptr<optimizer> (*make)(stream&, const arena&, const optimizer_settings&);
};

constexpr optimizer_kind optimizer_kinds[] = {
  {"sgd", 1e-3f, make_sgd},           {"adam", 1e-3f, make_adam},           {"adamw", 1e-3f, make_adamw},
  {"adam8bit", 1e-3f, make_adam8bit}, {"adafactor", 0.01f, make_adafactor}, {"nadam", 1e-3f, make_nadam},
  {"lion", 1e-4f, make_lion},         {"muon", 0.02f, make_muon},
};

const optimizer_kind* find_kind(std::string_view name) {
  for (const auto& kind : optimizer_kinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

} // namespace

void optimizer::step(stream& s, arena& parameters, arena_range range, const optimizer_step& now) {
  const auto step_over = [&](std::int64_t first, std::int64_t count, float decay) {
    if (count == 0) return;
    auto value = parameters.values().view(first, {count});
    const auto gradient = parameters.gradients().view(first, {count});
    step_part(s, arguments_of(value, gradient, decay, first - range.first, now), first, now.number);
  };
  const auto decaying = weight_decay_ == 0 ? 0 : range.decaying;
  step_over(range.first, decaying, weight_decay_);
  step_over(range.first + decaying, range.count - decaying, 0);
}

std::vector<tensor> optimizer::moments_of(const arena_range& layer) {
  std::vector<tensor> all;
  for (const auto* each : moments()) all.push_back(each->view(layer.first, {layer.count}));
  return all;
}

step_arguments arguments_of(tensor& value, const tensor& gradient, float weight_decay, std::int64_t first_element,
                            const optimizer_step& now) {
  return {.value = value,
          .gradient = gradient,
          .scale = now.scale,
          .learning_rate = now.learning_rate,
          .weight_decay = weight_decay,
          .guard = now.guard,
          .nonfinite = now.nonfinite,
          .numbers = now.numbers,
          .squared_norm = now.squared_norm,
          .largest_norm = now.largest_norm,
          .rounding = now.rounding,
          .first_element = first_element};
}

learned_state learned_by(const arena& of, optimizer& by) {
  auto out = of.learned();
  for (const auto* each : by.moments()) out.add(*each);
  return out;
}

float usual_learning_rate(const optimizer_settings& of) {
  const auto* kind = find_kind(of.name);
  return kind ? kind->learning_rate : optimizer_kinds[0].learning_rate;
}

std::vector<std::string> known_optimizers() {
  std::vector<std::string> names;
  for (const auto& kind : optimizer_kinds) names.emplace_back(kind.name);
  return names;
}

std::vector<std::string> known_moments() {
  return {"f32", "bf16"};
}

status check_optimizer(const optimizer_settings& settings) {
  const auto wrong = [&](const std::string& why) {
    return error::setting("optimizer " + quoted(settings.name) + ": " + why);
  };
  if (!find_kind(settings.name))
    return wrong("unknown; known are " + join_text(optimizer_kinds, ", ", &optimizer_kind::name));
  // Written so that NaN fails, too.
  const auto below_one = [](float x) { return x >= 0 && x < 1; };
  if (!below_one(settings.momentum)) return wrong("momentum must be at least 0 and below 1, for example 0.9");
  if (settings.nesterov && settings.momentum == 0) return wrong("Nesterov's step needs a momentum, for example 0.9");
  if (!(settings.weight_decay >= 0)) return wrong("weight decay must not be negative; 0 turns it off");
  if (!below_one(settings.beta1) || !below_one(settings.second_beta()))
    return wrong("beta1 and beta2 must be at least 0 and below 1, for example 0.9 and 0.999");
  if (std::ranges::count(known_moments(), settings.moments) == 0)
    return wrong("moments of type " + quoted(settings.moments) + " are unknown; known are " +
                 join_text(known_moments(), ", "));
  if (settings.muon_every < 1)
    return wrong("the number of steps that share an orthogonalization must be at least 1, for example 5");
  if (!(settings.adam_ratio >= 0))
    return wrong("the ratio of Adam's rate to its own must not be negative, for example 0.05");
  if (!(settings.epsilon > 0)) return wrong("epsilon must be positive, for example 1e-8");
  return ok();
}

result<std::unique_ptr<optimizer>> make_optimizer(stream& s, const arena& parameters,
                                                  const optimizer_settings& settings) {
  if (const auto checked = check_optimizer(settings); !checked) return checked.failure();
  return find_kind(settings.name)->make(s, parameters, settings);
}

} // namespace syngrad
