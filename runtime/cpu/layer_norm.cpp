// A few rows at a time: they stay in the first-level cache while their sums are taken and what follows from those is
// written.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

struct row_normal {
  float mean, inverse; // 1 / sqrt(variance + epsilon)
};

// With the first element as origin the variance loses no digits to a large mean.
row_normal normal_of_row(const float* x, std::int64_t columns, float epsilon) {
  const auto origin = x[0];
  float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum, squares)
  for (std::int64_t c = 0; c < columns; ++c) {
    const auto difference = x[c] - origin;
    sum += difference;
    squares += difference * difference;
  }
  const auto count = static_cast<float>(columns);
  const auto shift = sum / count;
  const auto spread = squares / count - shift * shift;
  return {origin + shift, 1 / std::sqrt((spread < 0 ? 0.0f : spread) + epsilon)};
}

template <bool Affine>
void normalise_row(const float* x, std::int64_t columns, row_normal with, const float* weight, const float* bias,
                   float* y) {
#pragma omp simd
  for (std::int64_t c = 0; c < columns; ++c) {
    const auto normal = (x[c] - with.mean) * with.inverse;
    y[c] = Affine ? normal * weight[c] + bias[c] : normal;
  }
}

struct layer_norm_gradients {
  const float *dy, *x, *weight, *mean, *inverse; // weight may be null
  float *dx, *dweight, *dbias;                   // null where unwanted
  std::int64_t columns;
};

// Means over a row: of the gradient of the normalised value, and of its product with that value.
struct row_means {
  float gradient, product;
};

template <bool Affine>
row_means means_of_row(const layer_norm_gradients& of, std::int64_t row) {
  const auto columns = of.columns;
  const float *dy = of.dy + row * columns, *x = of.x + row * columns, *weight = of.weight;
  const auto mean = of.mean[row];
  float sum = 0, products = 0;
#pragma omp simd reduction(+ : sum, products)
  for (std::int64_t c = 0; c < columns; ++c) {
    const auto gradient = Affine ? dy[c] * weight[c] : dy[c];
    sum += gradient;
    products += gradient * (x[c] - mean);
  }
  const auto share = 1 / static_cast<float>(columns);
  return {sum * share, products * of.inverse[row] * share};
}

// dx = inverse * (gradient - its mean - normal * mean product)
template <bool Affine>
void input_gradient_of_row(const layer_norm_gradients& of, std::int64_t row) {
  const auto means = means_of_row<Affine>(of, row);
  const auto *dy = of.dy + row * of.columns, *x = of.x + row * of.columns;
  auto* const dx = of.dx + row * of.columns;
  const auto mean = of.mean[row], inverse = of.inverse[row];
#pragma omp simd
  for (std::int64_t c = 0; c < of.columns; ++c) {
    const auto gradient = Affine ? dy[c] * of.weight[c] : dy[c];
    const auto normal = (x[c] - mean) * inverse;
    dx[c] = inverse * (gradient - means.gradient - normal * means.product);
  }
}

template <int Rows>
void add_parameter_gradients(const layer_norm_gradients& of, std::int64_t first) {
  const auto *dy = of.dy + first * of.columns, *x = of.x + first * of.columns;
#pragma omp simd
  for (std::int64_t c = 0; c < of.columns; ++c) {
    float sum = 0, products = 0;
    for (int r = 0; r < Rows; ++r) {
      const auto above = dy[r * of.columns + c];
      sum += above;
      products += above * (x[r * of.columns + c] - of.mean[first + r]) * of.inverse[first + r];
    }
    of.dbias[c] += sum;
    of.dweight[c] += products;
  }
}

} // namespace

void cpu_operators::layer_norm(stream& s, const layer_norm_arguments& of) {
  const auto rows = of.x.rows(), columns = of.x.columns();
  assert(of.y.elements() == rows * columns);
  assert(!of.weight == !of.bias && "weight and bias are given together or not at all");
  const float *weight = address_of(of.weight), *bias = address_of(of.bias);
  const auto normalise = weight ? normalise_row<true> : normalise_row<false>;
  auto* const saved = of.saved ? of.saved->f32() : nullptr;
  host(s).launch([=, x = of.x.f32(), y = of.y.f32(), epsilon = of.epsilon] {
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto with = normal_of_row(x + r * columns, columns, epsilon);
      normalise(x + r * columns, columns, with, weight, bias, y + r * columns);
      if (!saved) continue;
      saved[r] = with.mean;
      saved[rows + r] = with.inverse;
    }
  });
}

void cpu_operators::layer_norm_backward(stream& s, const layer_norm_backward_arguments& of) {
  assert(!of.dweight == !of.dbias && "dweight and dbias are wanted together or not at all");
  const auto rows = of.x.rows();
  const layer_norm_gradients to{of.dy.f32(),
                                of.x.f32(),
                                address_of(of.weight),
                                of.saved.f32(),
                                of.saved.f32() + rows,
                                of.dx ? of.dx->f32() : nullptr,
                                of.dweight ? of.dweight->f32() : nullptr,
                                of.dbias ? of.dbias->f32() : nullptr,
                                of.x.columns()};
  const auto input_gradient = to.weight ? input_gradient_of_row<true> : input_gradient_of_row<false>;
  host(s).launch([=, accumulate = of.accumulate] {
    if (to.dweight && !accumulate) {
      std::fill_n(to.dweight, to.columns, 0.0f);
      std::fill_n(to.dbias, to.columns, 0.0f);
    }
    for_row_groups<4>(rows, [&](auto group, std::int64_t first) {
      if (to.dweight) add_parameter_gradients<group()>(to, first);
      if (!to.dx) return;
      for (std::int64_t r = first; r < first + group(); ++r) input_gradient(to, r);
    });
  });
}

} // namespace syngrad::cpu
