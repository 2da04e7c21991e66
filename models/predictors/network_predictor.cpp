#include "models/predictors/network_predictor.hpp"

#include "models/layers/batch_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/parameter.hpp"
#include "runtime/operators.hpp"
#include "runtime/rounding.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace syngrad {

conditioned_linear::conditioned_linear(std::int64_t inputs, std::int64_t outputs, std::int32_t classes, bool with_bias)
  : weight_("weight", {outputs, inputs}), table_("label_table", {classes, outputs}, parameter_kind::embedding),
    bias_("bias", {outputs}), conditioned_(classes > 0), with_bias_(with_bias) {}

std::vector<parameter*> conditioned_linear::parameters() {
  std::vector<parameter*> all{&weight_};
  if (conditioned_) all.push_back(&table_);
  if (with_bias_) all.push_back(&bias_);
  return all;
}

void conditioned_linear::initialize(stream& s, random_source& random) {
  const auto inputs = weight_.extents[1] + table_.extents[0];
  const auto bound = 1 / std::sqrt(static_cast<double>(inputs));
  for (auto* each : parameters()) initialize_uniform(s, each->value, bound, random);
}

tensor conditioned_linear::forward(stream& s, const tensor& x, const tensor& labels) {
  auto y = make_tensor(s, {x.rows(), weight_.extents[0]});
  const bool prefilled = conditioned_ || with_bias_;
  if (prefilled)
    s.ops().fill_rows(s, with_bias_ ? &bias_.value : nullptr, conditioned_ ? &table_.value : nullptr,
                      conditioned_ ? &labels : nullptr, y);
  s.ops().matmul(s, {.a = x,
                     .transpose_a = transpose::no,
                     .b = weight_.value,
                     .transpose_b = transpose::yes,
                     .c = y,
                     .beta = prefilled ? 1.0f : 0.0f});
  return y;
}

void conditioned_linear::backward(stream& s, const tensor& x, const tensor& labels, const tensor& dy) {
  s.ops().matmul(s,
                 {.a = dy, .transpose_a = transpose::yes, .b = x, .transpose_b = transpose::no, .c = weight_.gradient});
  if (conditioned_) s.ops().sum_rows_by_label(s, dy, labels, 0, table_.gradient);
  if (with_bias_) s.ops().sum_rows(s, dy, 0, bias_.gradient);
}

namespace {

std::vector<std::vector<tensor>> caches_of(const layer_list& layers) {
  std::vector<std::vector<tensor>> all;
  for (const auto& each : layers) all.emplace_back(each->cached_tensors());
  return all;
}

// Forward and backward of a row.
double multiply_adds_of(std::int64_t width, const layer_list& layers) {
  double sum = 0;
  sample_spec spec{{width}};
  for (const auto& each : layers) {
    sum += each->multiply_adds(spec);
    spec = each->infer(spec).value();
  }
  return sum;
}

double predict_multiply_adds_of(const conditioned_linear& first, const layer_list& rest) {
  return first.multiply_adds() + multiply_adds_of(first.outputs(), rest) / 3; // of three parts one is forward
}

double train_multiply_adds_of(const conditioned_linear& first, const layer_list& rest) {
  return 2 * first.multiply_adds() + multiply_adds_of(first.outputs(), rest); // no gradient at its input
}

} // namespace

network_predictor::network_predictor(stream& s, const predictor_task& task, conditioned_linear first, layer_list rest,
                                     const optimizer_settings& settings, random_source& random)
  : synthetic_gradient_model(task), first_(std::move(first)), rest_(std::move(rest)), arena_(s, stage_parameters()),
    optimizer_(std::move(make_optimizer(s, arena_, settings).value())), caches_(caches_of(rest_)),
    guard_(make_tensor(s, {1})) {
  if (!rest_.empty()) first_.initialize(s, random); // as the only stage it is the last one, and starts at zero
  for (const auto& each : rest_) each->initialize(s, random);
  if (settings.rounds_moments()) rounding_seed_ = static_cast<std::int64_t>(random.bits());
}

std::vector<std::vector<parameter*>> network_predictor::stage_parameters() {
  std::vector<std::vector<parameter*>> all{first_.parameters()};
  for (const auto& each : rest_) all.push_back(each->parameters());
  mark_output_weight(all.back());
  return all;
}

learned_state network_predictor::learned_by_kind() {
  auto out = learned_by(arena_, *optimizer_);
  out.when_written.push_back([this] { remembered_.clear(); });
  out.counters.push_back(&steps_);
  out.counters.push_back(&rounding_seed_);
  return out;
}

std::vector<parameter*> network_predictor::parameters() {
  remembered_.clear(); // whoever asks may write the weights
  std::vector<parameter*> all;
  for (const auto& stage : stage_parameters())
    for (auto* each : stage) all.push_back(each);
  return all;
}

double network_predictor::predict_multiply_adds() const {
  return predict_multiply_adds_of(first_, rest_);
}

double network_predictor::train_multiply_adds() const {
  return train_multiply_adds_of(first_, rest_);
}

tensor network_predictor::forward(stream& s, const tensor& h, const tensor& labels) {
  auto y = first_.forward(s, h, labels);
  for (std::size_t i = 0; i < rest_.size(); ++i) y = rest_[i]->forward(s, y, phase::train, caches_[i]);
  return y;
}

void network_predictor::drop_cache(std::size_t i) {
  for (auto& each : caches_[i]) each = {};
}

tensor network_predictor::enqueue_predict(stream& s, const tensor& h, const tensor& labels) {
  auto prediction = forward(s, h, labels);
  for (std::size_t i = 0; i < rest_.size(); ++i) drop_cache(i);
  if (!rest_.empty() || uses_recordings()) return prediction;
  if (remembered_.size() == most_remembered) remembered_.erase(remembered_.begin());
  remembered_.push_back({h, labels, prediction});
  return prediction;
}

// Prediction less target: half the gradient of the square's; the step's scale has the 2.
tensor network_predictor::error_of(stream& s, const batch& of) {
  const auto is_it = [&](const remembered& each) {
    return each.h.data() == of.h.data() && each.h.extents() == of.h.extents() &&
           (task().classes == 0 || each.labels.data() == of.labels.data());
  };
  const auto known = std::find_if(remembered_.begin(), remembered_.end(), is_it);
  if (known == remembered_.end()) {
    auto error = forward(s, of.h, of.labels);
    s.ops().add(s, of.target, -1, error);
    return error;
  }
  count(-static_cast<double>(of.h.rows()) * predict_multiply_adds());
  auto error = make_tensor(s, of.target.extents());
  s.ops().subtract(s, known->prediction, of.target, error);
  return error;
}

void network_predictor::prepare_training(stream& s, std::int64_t rows, double, float rate) {
  const auto next =
    optimizer_->numbers_of({.scale = 2 / static_cast<float>(rows),
                            .learning_rate = rate,
                            .number = ++steps_,
                            .guard = &guard_,
                            .rounding = rounding_key(static_cast<std::uint64_t>(rounding_seed_), 0, steps_)});
  numbers_.upload(s, {&next, 1});
  count(optimizer_->multiply_adds_per_step());
}

void network_predictor::enqueue_train(stream& s, const batch& of) {
  auto gradient = error_of(s, of);
  remembered_.clear(); // of weights that this step changes
  if (of.weights) s.ops().scale_rows(s, gradient, of.weights, gradient);
  s.ops().sum_squares(s, gradient, guard_);

  const auto numbers = numbers_.of_step(0);
  const optimizer_step now{.numbers = &numbers};
  const auto ranges = arena_.ranges(); // of the first stage, then of the rest
  for (auto i = rest_.size(); i-- > 0;) {
    gradient = rest_[i]->backward(s, gradient, caches_[i], {});
    drop_cache(i);
    if (ranges[i + 1].count > 0) optimizer_->step(s, arena_, ranges[i + 1], now);
  }
  first_.backward(s, of.h, of.labels, gradient);
  optimizer_->step(s, arena_, ranges[0], now);
}

namespace {

constexpr std::int64_t max_predictor_width = 65536;
constexpr std::int64_t max_predictor_depth = 100;

bool within(std::optional<std::int64_t> number, std::int64_t highest) {
  return number && *number >= 1 && *number <= highest;
}

struct stages {
  conditioned_linear first;
  layer_list rest;
};

// `Stages` gives the stages of a request.
template <stages (*Stages)(const predictor_request&)>
std::unique_ptr<synthetic_gradient_model> make(const predictor_request& request, stream& owner, random_source& random) {
  auto parts = Stages(request);
  return std::make_unique<network_predictor>(owner, request.task, std::move(parts.first), std::move(parts.rest),
                                             request.settings.optimizer, random);
}

template <stages (*Stages)(const predictor_request&)>
synthetic_gradient_size size_of(const predictor_request& request) {
  auto parts = Stages(request);
  synthetic_gradient_size out{0, predict_multiply_adds_of(parts.first, parts.rest),
                              train_multiply_adds_of(parts.first, parts.rest)};
  const auto count = [&](const std::vector<parameter*>& of_stage) {
    for (const auto* each : of_stage)
      if (each->trained()) out.parameter_count += each->extents.elements();
  };
  count(parts.first.parameters());
  sample_spec row{{parts.first.outputs()}};
  for (const auto& each : parts.rest) {
    count(each->parameters());
    out.least_rows = std::max(out.least_rows, each->least_samples(row));
    row = each->infer(row).value();
  }
  return out;
}

stages linear_stages(const predictor_request& request) {
  return {{request.features(), request.features(), request.task.classes, true}, {}};
}

status check_lowrank(std::string_view argument) {
  if (within(parse_number<std::int64_t>(argument), max_predictor_width)) return ok();
  return error::setting(fmt::format("the rank must be a whole number from 1 to {}", max_predictor_width));
}

stages lowrank_stages(const predictor_request& request) {
  const auto rank = *parse_number<std::int64_t>(request.argument);
  layer_list rest;
  rest.push_back(std::make_unique<linear>(rank, request.features(), true, linear::start::zero));
  return {{request.features(), rank, request.task.classes, true}, std::move(rest)};
}

struct mlp_shape {
  std::optional<std::int64_t> width, depth;
};

mlp_shape parse_mlp(std::string_view argument) {
  const auto cross = argument.find('x');
  mlp_shape parsed{parse_number<std::int64_t>(argument.substr(0, cross)), 1};
  if (cross != std::string_view::npos) parsed.depth = parse_number<std::int64_t>(argument.substr(cross + 1));
  return parsed;
}

status check_mlp(std::string_view argument) {
  const auto parsed = parse_mlp(argument);
  if (within(parsed.width, max_predictor_width) && within(parsed.depth, max_predictor_depth)) return ok();
  return error::setting(
    fmt::format("the width must be a whole number from 1 to {}, the number of hidden layers one from 1 to {}",
                max_predictor_width, max_predictor_depth));
}

stages mlp_stages(const predictor_request& request) {
  const auto parsed = parse_mlp(request.argument);
  const auto width = *parsed.width;
  // Predictions use their own batch's statistics, so running ones would only be work (and a batch that is trained on
  // and predicted would count twice): they do not move.
  const batch_norm::options normalise{.relu = true, .momentum = 0};
  layer_list rest;
  rest.push_back(std::make_unique<batch_norm>(width, normalise));
  for (std::int64_t i = 1; i < *parsed.depth; ++i) {
    rest.push_back(std::make_unique<linear>(width, width, false));
    rest.push_back(std::make_unique<batch_norm>(width, normalise));
  }
  rest.push_back(std::make_unique<linear>(width, request.features(), true, linear::start::zero));
  return {{request.features(), width, request.task.classes, false}, std::move(rest)};
}

} // namespace

const predictor_kind linear_kind{"linear", "linear", check_no_argument, size_of<linear_stages>, make<linear_stages>};
const predictor_kind lowrank_kind{"lowrank", "lowrank:R (for example lowrank:32)", check_lowrank,
                                  size_of<lowrank_stages>, make<lowrank_stages>};
const predictor_kind mlp_kind{"mlp", "mlp:N[xM] (for example mlp:1024x2)", check_mlp, size_of<mlp_stages>,
                              make<mlp_stages>};

} // namespace syngrad
