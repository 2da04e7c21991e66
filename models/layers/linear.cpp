#include "models/layers/linear.hpp"

#include "models/layers/projection.hpp"
#include "models/parameter.hpp"
#include "runtime/operators.hpp"

#include <cmath>
#include <fmt/core.h>

namespace syngrad {

linear::linear(std::int64_t inputs, std::int64_t outputs, bool with_bias, start how)
  : weight_("weight", {outputs, inputs}), bias_("bias", {outputs}), with_bias_(with_bias), start_(how) {}

linear::linear(std::int64_t inputs, std::int64_t outputs, bool with_bias, normal_start how)
  : weight_("weight", {outputs, inputs}), bias_("bias", {outputs}), with_bias_(with_bias), start_(how) {}

std::string linear::describe() const {
  return fmt::format("linear {}->{}", inputs(), outputs());
}

result<sample_spec> linear::infer(const sample_spec& below) const {
  return infer_rows(below, inputs(), outputs());
}

double linear::multiply_adds(const sample_spec& below) const {
  return 3.0 * static_cast<double>(weight_.extents.elements() * below.rows()); // y, dW and dx
}

std::vector<parameter*> linear::parameters() {
  if (with_bias_) return {&weight_, &bias_};
  return {&weight_};
}

void linear::initialize(stream& s, random_source& random) {
  if (const auto* normal = std::get_if<normal_start>(&start_))
    return initialize_normal(s, weight_.value, normal->deviation, random);
  if (std::get<start>(start_) == start::zero) return; // as the arena made it
  const auto bound = 1 / std::sqrt(static_cast<double>(inputs()));
  for (auto* each : parameters()) initialize_uniform(s, each->value, bound, random);
}

tensor linear::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, x.extents().with_features(outputs()));
  s.ops().matmul(s, {.a = x,
                     .transpose_a = transpose::no,
                     .b = weight_.value,
                     .transpose_b = transpose::yes,
                     .c = y,
                     .bias = with_bias_ ? &bias_.value : nullptr});
  if (!cache.empty()) cache[0] = x;
  return y;
}

tensor linear::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  make_or_defer(s, 0, dy, cache, wanted);
  if (!wanted.input_gradient) return {};
  return projection_input_backward(s, dy, weight_);
}

void linear::backward_parameters(stream& s, int, const tensor& dy, layer_cache cache, bool accumulate) {
  projection_parameters_backward(s, dy, cache[0], weight_, with_bias_ ? &bias_ : nullptr, accumulate);
}

} // namespace syngrad
