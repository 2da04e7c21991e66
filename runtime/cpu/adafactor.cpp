// Adafactor's step: one pass for the means of squares, one for the length of the update, one that applies it.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/stepping.hpp"
#include "runtime/device.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

float taken(float gradient) {
  return applicable(gradient) ? gradient : 0.0f;
}

void approach(float& mean, float latest, float share) {
  mean += share * (latest - mean);
}

// 1 / sqrt of the second moment of each element of a row.
struct factored {
  float row;
  const float* columns;
  float inverse_root(std::int64_t i) const {
    return 1 / std::sqrt(std::max(row * columns[i], adafactor_least * adafactor_least));
  }
};

struct unfactored {
  const float* moments;
  float inverse_root(std::int64_t i) const {
    return 1 / std::sqrt(std::max(moments[i], adafactor_least * adafactor_least));
  }
};

double squared(const float* x, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += x[i] * x[i];
  return double{sum};
}

struct factored_step {
  step_addresses to;
  std::int64_t rows, columns;
  float *row_means, *column_means; // of the former null: the latter is of each element
  float* sums;                     // [columns]
  float clip;

  void operator()() const {
    const auto now = to.now();
    if (!lets_pass(now.guard)) return;
    const auto scale = applied_scale(now);
    const auto skipped = count_inapplicable(to.gradient, rows * columns, scale);
    if (now.nonfinite) *now.nonfinite += static_cast<float>(skipped);
    if (!lets_pass(now.squared_norm)) return;
    if (row_means)
      move_factors(now, scale);
    else
      move_moments(now, scale);
    double update = 0, value = 0;
    const auto each_row = [&](auto work) {
      float mean = 1;
      if (row_means) {
        double sum = 0;
        for (std::int64_t r = 0; r < rows; ++r) sum += double{row_means[r]};
        mean = std::max(static_cast<float>(sum / static_cast<double>(rows)), adafactor_least);
      }
      for (std::int64_t r = 0; r < rows; ++r)
        if (row_means)
          work(r * columns, factored{row_means[r] / mean, column_means});
        else
          work(r * columns, unfactored{column_means});
    };
    each_row([&](std::int64_t first, auto moment) {
      update += squared_update(to.gradient + first, scale, moment);
      value += squared(to.value + first, columns);
    });
    const auto count = static_cast<double>(rows * columns);
    const auto longer = std::max(1.0, std::sqrt(update / count) / double{clip});
    const auto own = std::max(double{adafactor_least_scale}, std::sqrt(value / count));
    const auto rate = static_cast<float>(own * double{now.learning_rate} / longer);
    const auto keep = to.weight_decay == 0 ? 1.0f : now.keep;
    each_row([&](std::int64_t first, auto moment) {
      auto* const out = to.value + first;
      const auto* const gradient = to.gradient + first;
      if (skipped == 0) {
#pragma omp simd
        for (std::int64_t i = 0; i < columns; ++i)
          out[i] = keep * out[i] - rate * (scale * gradient[i] * moment.inverse_root(i));
      } else {
        for (std::int64_t i = 0; i < columns; ++i)
          if (applicable(scale * gradient[i]))
            out[i] = keep * out[i] - rate * (scale * gradient[i] * moment.inverse_root(i));
      }
    });
  }

  void move_factors(const step_numbers& now, float scale) const {
    std::fill_n(sums, columns, 0.0f);
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto* const gradient = to.gradient + r * columns;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = 0; i < columns; ++i) {
        const auto g = taken(scale * gradient[i]);
        sum += g * g;
        sums[i] += g * g;
      }
      approach(row_means[r], sum / static_cast<float>(columns), now.size);
    }
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i)
      column_means[i] += now.size * (sums[i] / static_cast<float>(rows) - column_means[i]);
  }

  void move_moments(const step_numbers& now, float scale) const {
    for (std::int64_t i = 0; i < columns; ++i) {
      const auto g = scale * to.gradient[i];
      if (applicable(g)) approach(column_means[i], g * g, now.size);
    }
  }

  template <class Moment>
  double squared_update(const float* gradient, float scale, const Moment& moment) const {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < columns; ++i) {
      const auto u = taken(scale * gradient[i]) * moment.inverse_root(i);
      sum += u * u;
    }
    return double{sum};
  }
};

} // namespace

void cpu_operators::adafactor_step(stream& s, const step_arguments& of, tensor* row_means, tensor& column_means,
                                   float clip, std::int64_t number) {
  const auto columns = column_means.elements(), rows = of.value.elements() / columns;
  assert((of.numbers || number >= 1) && of.value.elements() == rows * columns);
  assert(row_means ? row_means->elements() == rows : rows == 1);
  auto to = addresses(of);
  if (!of.numbers) set_adafactor_numbers(to.given, of.weight_decay, number);
  // Returned to the pool when this call ends, and given out again only to work that follows on this stream or waits.
  const auto sums = make_tensor(s, {columns});
  host(s).launch(
    factored_step{to, rows, columns, row_means ? row_means->f32() : nullptr, column_means.f32(), sums.f32(), clip});
}

} // namespace syngrad::cpu
