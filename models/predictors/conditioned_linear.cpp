#include "models/predictors/conditioned_linear.hpp"

#include "models/initialize.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad {

conditioned_linear::conditioned_linear(std::int64_t inputs, std::int64_t outputs, std::int32_t classes, bool with_bias)
  : weight_("weight", {outputs, inputs}), table_("label_table", {classes, outputs}), bias_("bias", {outputs}),
    conditioned_(classes > 0), with_bias_(with_bias) {}

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

} // namespace syngrad
