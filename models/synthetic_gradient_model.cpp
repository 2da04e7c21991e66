#include "models/synthetic_gradient_model.hpp"

#include "models/predictors/network_predictor.hpp"
#include "models/predictors/ridge.hpp"
#include "runtime/text.hpp"

#include <functional>

namespace syngrad {

namespace {

constexpr const predictor_kind* predictor_kinds[] = {
  &ridge_kind,
  &linear_kind,
  &lowrank_kind,
  &mlp_kind,
};

// What is recorded, by name.
constexpr replay_cache::name predicting{1}, training{2};

struct parsed_kind {
  const predictor_kind* kind;
  std::string_view argument;
};

error malformed_predictor(const std::string& text, const std::string& why) {
  return {error_kind::setting, "synthetic-gradient model " + quoted(text) + ": " + why + "; known are " +
                                 join_text(predictor_kinds, ", ", &predictor_kind::syntax)};
}

result<parsed_kind> parse_kind(const std::string& text) {
  const std::string_view whole = text;
  const auto colon = whole.find(':');
  const auto name = whole.substr(0, colon);
  const auto argument = colon == std::string_view::npos ? std::string_view() : whole.substr(colon + 1);
  for (const auto* kind : predictor_kinds) {
    if (kind->name != name) continue;
    if (colon != std::string_view::npos && argument.empty())
      return malformed_predictor(text, "nothing follows the ':'");
    if (const auto checked = kind->check(argument); !checked) return malformed_predictor(text, checked.message());
    return parsed_kind{kind, argument};
  }
  return malformed_predictor(text, "unknown kind");
}

} // namespace

tensor synthetic_gradient_model::predict(stream& s, const tensor& h, const tensor& labels) {
  if (!recordings_) return enqueue_predict(s, h, labels);
  tensor prediction;
  tensor* const output = &prediction;
  const auto work = [&] { prediction = enqueue_predict(s, h, labels); };
  recordings_->run(s, predicting, {&h, &labels}, {&output, 1}, std::ref(work));
  return prediction;
}

void synthetic_gradient_model::train(stream& s, const tensor& h, const tensor& labels, const tensor& target,
                                     float rate) {
  prepare_training(s, h.rows(), rate);
  if (!recordings_) return enqueue_train(s, h, labels, target);
  const auto work = [&] { enqueue_train(s, h, labels, target); };
  recordings_->run(s, training, {&h, &labels, &target}, {}, std::ref(work));
}

status check_synthetic_gradient_kind(const std::string& kind) {
  if (const auto parsed = parse_kind(kind); !parsed) return parsed.failure();
  return ok();
}

result<synthetic_gradient_size> size_of_synthetic_gradient_model(const synthetic_gradient_settings& settings,
                                                                 std::int64_t features, std::int32_t classes) {
  const auto parsed = parse_kind(settings.kind);
  if (!parsed) return parsed.failure();
  return parsed->kind->size_of({settings, parsed->argument, features, settings.labels ? classes : 0});
}

result<std::unique_ptr<synthetic_gradient_model>>
make_synthetic_gradient_model(stream& owner, const synthetic_gradient_settings& settings, std::int64_t features,
                              std::int32_t classes, random_source& random) {
  const auto parsed = parse_kind(settings.kind);
  if (!parsed) return parsed.failure();
  if (const auto checked = check_optimizer(settings.optimizer); !checked) return checked.failure();
  return parsed->kind->make({settings, parsed->argument, features, settings.labels ? classes : 0}, owner, random);
}

} // namespace syngrad
