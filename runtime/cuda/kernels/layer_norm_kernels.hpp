// Layer normalisation: one launch forward; backward one over the rows, for the input's gradient, and one over the
// columns, for those of weight and bias.
#pragma once

#include "runtime/cuda/kernels/batch_norm_kernels.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

struct layer_norm_kernel {
  using value = moments;

  const float *x, *weight, *bias; // the last two null: one and zero
  float *y, *saved;               // saved [2, rows]
  std::int64_t rows, columns;
  float epsilon;

  SYNGRAD_HOST_DEVICE moments empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(moments& total, std::int64_t row, std::int64_t column) const {
    const auto difference = x[row * columns + column] - x[row * columns];
    total.sum += difference;
    total.squares += difference * difference;
  }
  SYNGRAD_HOST_DEVICE moments join(moments a, moments b) const { return {a.sum + b.sum, a.squares + b.squares}; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t row, moments total) const {
    const auto [mean, variance] = normal_of(total, x[row * columns], columns);
    saved[row] = mean;
    saved[rows + row] = inverse_deviation(variance, epsilon);
  }
  SYNGRAD_HOST_DEVICE void apply(std::int64_t row, std::int64_t column, moments) const {
    const auto i = row * columns + column;
    const auto normal = (x[i] - saved[row]) * saved[rows + row];
    y[i] = weight ? normal * weight[column] + bias[column] : normal;
  }
};

// dx = (gradient - its mean - normal * mean of gradient * normal) / deviation
struct layer_norm_input_kernel {
  using value = gradient_sums;

  const float *dy, *x, *weight, *mean, *inverse; // weight may be null
  float* dx;
  std::int64_t columns;

  SYNGRAD_HOST_DEVICE float gradient(std::int64_t row, std::int64_t column) const {
    const auto above = dy[row * columns + column];
    return weight ? above * weight[column] : above;
  }

  SYNGRAD_HOST_DEVICE gradient_sums empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(gradient_sums& total, std::int64_t row, std::int64_t column) const {
    const auto passed = gradient(row, column);
    total.sum += passed;
    total.products += passed * (x[row * columns + column] - mean[row]);
  }
  SYNGRAD_HOST_DEVICE gradient_sums join(gradient_sums a, gradient_sums b) const {
    return {a.sum + b.sum, a.products + b.products};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, gradient_sums) const {}
  SYNGRAD_HOST_DEVICE void apply(std::int64_t row, std::int64_t column, gradient_sums total) const {
    const auto i = row * columns + column;
    const auto share = 1.0f / static_cast<float>(columns);
    const auto normal = (x[i] - mean[row]) * inverse[row];
    const auto mean_product = total.products * inverse[row] * share;
    dx[i] = inverse[row] * (gradient(row, column) - total.sum * share - normal * mean_product);
  }
};

struct layer_norm_parameters_kernel {
  using value = gradient_sums;

  const float *dy, *x, *mean, *inverse;
  float *dweight, *dbias;
  std::int64_t columns;
  bool accumulate;

  SYNGRAD_HOST_DEVICE gradient_sums empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(gradient_sums& total, std::int64_t column, std::int64_t row) const {
    const auto i = row * columns + column;
    total.sum += dy[i];
    total.products += dy[i] * (x[i] - mean[row]) * inverse[row];
  }
  SYNGRAD_HOST_DEVICE gradient_sums join(gradient_sums a, gradient_sums b) const {
    return {a.sum + b.sum, a.products + b.products};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t column, gradient_sums total) const {
    dweight[column] = (accumulate ? dweight[column] : 0.0f) + total.products;
    dbias[column] = (accumulate ? dbias[column] : 0.0f) + total.sum;
  }
};

template <class Launcher>
void layer_norm(Launcher& on, const layer_norm_arguments& of) {
  assert(!of.weight == !of.bias && "weight and bias are given together or not at all");
  const auto rows = of.x.rows(), columns = of.x.columns();
  const auto unsaved = of.saved ? tensor{} : on.scratch({2, rows});
  on.reduce_rows(rows, columns,
                 layer_norm_kernel{of.x.f32(), of.weight ? of.weight->f32() : nullptr,
                                   of.bias ? of.bias->f32() : nullptr, of.y.f32(),
                                   of.saved ? of.saved->f32() : unsaved.f32(), rows, columns, of.epsilon});
}

template <class Launcher>
void layer_norm_backward(Launcher& on, const layer_norm_backward_arguments& of) {
  assert(!of.dweight == !of.dbias && "dweight and dbias are wanted together or not at all");
  const auto rows = of.x.rows(), columns = of.x.columns();
  const float *mean = of.saved.f32(), *inverse = mean + rows;
  if (of.dweight)
    on.reduce_columns(columns, rows,
                      layer_norm_parameters_kernel{of.dy.f32(), of.x.f32(), mean, inverse, of.dweight->f32(),
                                                   of.dbias->f32(), columns, of.accumulate});
  if (of.dx)
    on.reduce_rows(rows, columns,
                   layer_norm_input_kernel{of.dy.f32(), of.x.f32(), of.weight ? of.weight->f32() : nullptr, mean,
                                           inverse, of.dx->f32(), columns});
}

} // namespace syngrad::cuda::kernels
