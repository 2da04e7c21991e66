// Batch normalisation: one launch forward and one backward. A block sums its columns, then applies the totals to them;
// columns of many rows take three launches.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/long_columns.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

// Sums of x - origin and of its square. With the first row as origin the variance loses no digits to a large mean.
struct moments {
  float sum = 0, squares = 0;
};

struct column_normal {
  float mean, variance; // biased
};

SYNGRAD_HOST_DEVICE inline column_normal normal_of(moments total, float origin, std::int64_t rows) {
  const auto count = static_cast<float>(rows);
  const auto shift = total.sum / count;
  const auto spread = total.squares / count - shift * shift;
  return {origin + shift, spread < 0 ? 0.0f : spread};
}

SYNGRAD_HOST_DEVICE inline float inverse_deviation(float variance, float epsilon) {
  return 1.0f / std::sqrt(variance + epsilon);
}

struct batch_norm_kernel {
  using value = moments;

  const float *x, *gamma, *beta;
  float *y, *running_mean, *running_variance, *saved_mean, *saved_inverse;
  std::int64_t rows, columns;
  float momentum, epsilon;
  bool relu;

  SYNGRAD_HOST_DEVICE moments empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(moments& total, std::int64_t column, std::int64_t row) const {
    const auto difference = x[row * columns + column] - x[column];
    total.sum += difference;
    total.squares += difference * difference;
  }
  SYNGRAD_HOST_DEVICE moments join(moments a, moments b) const { return {a.sum + b.sum, a.squares + b.squares}; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t column, moments total) const {
    const auto [mean, variance] = normal_of(total, x[column], rows);
    saved_mean[column] = mean;
    saved_inverse[column] = inverse_deviation(variance, epsilon);
    const auto unbiased = rows > 1 ? static_cast<float>(rows) / static_cast<float>(rows - 1) : 1.0f;
    const auto moved_mean = running_mean[column] + momentum * (mean - running_mean[column]);
    const auto moved_variance = running_variance[column] + momentum * (variance * unbiased - running_variance[column]);
    if (!is_finite(moved_mean) || !is_finite(moved_variance)) return;
    running_mean[column] = moved_mean;
    running_variance[column] = moved_variance;
  }
  SYNGRAD_HOST_DEVICE void apply(std::int64_t column, std::int64_t row, moments) const {
    const auto i = row * columns + column;
    const auto factor = gamma[column] * saved_inverse[column];
    const auto normal = (x[i] - saved_mean[column]) * factor + beta[column];
    y[i] = relu ? relu_of(normal) : normal;
  }
};

// Evaluation: normalises with the running statistics.
struct batch_norm_fixed_kernel {
  const float *x, *gamma, *beta, *mean, *variance;
  float* y;
  std::int64_t columns;
  float epsilon;
  bool relu;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    const auto i = row * columns + column;
    const auto factor = gamma[column] * inverse_deviation(variance[column], epsilon);
    const auto normal = (x[i] - mean[column]) * factor + beta[column];
    y[i] = relu ? relu_of(normal) : normal;
  }
};

// Sums of the gradient that passed the ReLU, and of its product with x - mean.
struct gradient_sums {
  float sum = 0, products = 0;
};

// dx = gamma / deviation * (gradient - mean gradient - (x - mean) / variance * mean product)
struct batch_norm_backward_kernel {
  using value = gradient_sums;

  const float *dy, *x, *y, *gamma, *mean, *inverse;
  float *dx, *dgamma, *dbeta; // null where not wanted
  const float* weights;       // of some samples of the batch; null: all rows are here
  std::int64_t rows_of_sample, batch_rows, columns;
  bool accumulate, relu;

  SYNGRAD_HOST_DEVICE float gradient(std::int64_t i) const { return relu ? relu_gradient(dy[i], y[i]) : dy[i]; }

  SYNGRAD_HOST_DEVICE gradient_sums empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(gradient_sums& total, std::int64_t column, std::int64_t row) const {
    const auto i = row * columns + column;
    const auto passed = gradient(i);
    total.sum += passed;
    total.products += passed * (x[i] - mean[column]);
  }
  SYNGRAD_HOST_DEVICE gradient_sums join(gradient_sums a, gradient_sums b) const {
    return {a.sum + b.sum, a.products + b.products};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t column, gradient_sums total) const {
    if (!dgamma) return;
    dgamma[column] = (accumulate ? dgamma[column] : 0.0f) + total.products * inverse[column];
    dbeta[column] = (accumulate ? dbeta[column] : 0.0f) + total.sum;
  }
  SYNGRAD_HOST_DEVICE void apply(std::int64_t column, std::int64_t row, gradient_sums total) const {
    if (!dx) return;
    const auto i = row * columns + column;
    const auto share = 1.0f / static_cast<float>(batch_rows);
    const auto slope = total.products * share * inverse[column] * inverse[column];
    const auto factor = gamma[column] * inverse[column], from_mean = x[i] - mean[column];
    if (weights)
      dx[i] = factor * (gradient(i) - weights[row / rows_of_sample] * (total.sum * share + from_mean * slope));
    else
      dx[i] = factor * (gradient(i) - total.sum * share - from_mean * slope);
  }
};

template <class Launcher>
void batch_norm(Launcher& on, const batch_norm_arguments& of) {
  const auto rows = of.x.rows(), columns = of.x.columns();
  if (!of.saved) {
    on.grid(rows, columns,
            batch_norm_fixed_kernel{of.x.f32(), of.gamma.f32(), of.beta.f32(), of.running_mean.f32(),
                                    of.running_variance.f32(), of.y.f32(), columns, of.epsilon, of.relu});
    return;
  }
  reduce_long_columns(on, columns, rows,
                      batch_norm_kernel{of.x.f32(), of.gamma.f32(), of.beta.f32(), of.y.f32(), of.running_mean.f32(),
                                        of.running_variance.f32(), of.saved->f32(), of.saved->f32() + columns, rows,
                                        columns, of.momentum, of.epsilon, of.relu});
}

template <class Launcher>
void batch_norm_backward(Launcher& on, const batch_norm_backward_arguments& of) {
  assert(!of.dgamma == !of.dbeta && "dgamma and dbeta are wanted together or not at all");
  const auto rows = of.x.rows(), columns = of.x.columns();
  reduce_long_columns(
    on, columns, rows,
    batch_norm_backward_kernel{of.dy.f32(), of.x.f32(), of.y.f32(), of.gamma.f32(), of.saved.f32(),
                               of.saved.f32() + columns, of.dx ? of.dx->f32() : nullptr,
                               of.dgamma ? of.dgamma->f32() : nullptr, of.dbeta ? of.dbeta->f32() : nullptr,
                               of.weights ? of.weights->f32() : nullptr, of.weights ? rows / of.weights->elements() : 1,
                               of.weights ? of.batch_rows : rows, columns, of.accumulate, of.relu});
}

} // namespace syngrad::cuda::kernels
