// Adafactor's step: the means of squares, the length of the update and of the value, and the update itself.
#pragma once

#include "runtime/cuda/kernels/optimizer_kernels.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

// What all kernels of a step know.
struct adafactor_step_state {
  const float* gradient;
  float* value;
  std::int64_t rows, columns;
  float *row_means, *column_means; // of the former null: the latter is of each element
  float clip;
  bool decays;
  step_numbers given;
  const step_numbers* in_memory; // instead of `given`, unless null

  SYNGRAD_HOST_DEVICE step_numbers now() const { return in_memory ? *in_memory : given; }
  SYNGRAD_HOST_DEVICE static bool applies(const step_numbers& with) {
    return lets_pass(with.guard) && lets_pass(with.squared_norm);
  }
  SYNGRAD_HOST_DEVICE float scaled(std::int64_t i, const step_numbers& with) const {
    return (lets_pass(with.squared_norm) ? clipped_scale(with) : with.scale) * gradient[i];
  }
  SYNGRAD_HOST_DEVICE float taken(std::int64_t i, const step_numbers& with) const {
    const auto g = scaled(i, with);
    return is_finite(g * g) ? g : 0.0f;
  }
  // `mean`: of the means of rows.
  SYNGRAD_HOST_DEVICE float inverse_root(std::int64_t i, float mean) const {
    const auto moment =
      row_means ? row_means[i / columns] / (mean > adafactor_least ? mean : adafactor_least) * column_means[i % columns]
                : column_means[i];
    constexpr auto least = adafactor_least * adafactor_least;
    return 1 / std::sqrt(moment > least ? moment : least);
  }
};

// The mean of squares of each row, or, where there are no rows, the moment of each element.
struct adafactor_rows_kernel {
  struct value {
    float squares, skipped;
  };
  adafactor_step_state of;

  SYNGRAD_HOST_DEVICE value empty() const { return {0, 0}; }
  SYNGRAD_HOST_DEVICE void add(value& total, std::int64_t row, std::int64_t i) const {
    const auto at = row * of.columns + i;
    const auto with = of.now();
    if (!lets_pass(with.guard)) return;
    const auto g = of.scaled(at, with);
    const bool fits = is_finite(g * g);
    if (fits)
      total.squares += g * g;
    else
      total.skipped += 1;
    if (!of.row_means && fits && of.applies(with)) of.column_means[i] += with.size * (g * g - of.column_means[i]);
  }
  SYNGRAD_HOST_DEVICE value join(const value& a, const value& b) const {
    return {a.squares + b.squares, a.skipped + b.skipped};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t row, const value& total) const {
    const auto with = of.now();
    if (total.skipped != 0 && with.nonfinite) add_count(with.nonfinite, total.skipped);
    if (!of.row_means || !of.applies(with)) return;
    auto& mean = of.row_means[row];
    mean += with.size * (total.squares / static_cast<float>(of.columns) - mean);
  }
};

struct adafactor_columns_kernel {
  using value = float;
  adafactor_step_state of;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t column, std::int64_t row) const {
    const auto g = of.taken(row * of.columns + column, of.now());
    total += g * g;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t column, float total) const {
    const auto with = of.now();
    if (!of.applies(with)) return;
    auto& mean = of.column_means[column];
    mean += with.size * (total / static_cast<float>(of.rows) - mean);
  }
};

// totals[0] = the mean of the means of rows
struct adafactor_mean_kernel {
  using value = double;
  adafactor_step_state of;
  float* totals;

  SYNGRAD_HOST_DEVICE double empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(double& total, std::int64_t, std::int64_t row) const {
    total += static_cast<double>(of.row_means[row]);
  }
  SYNGRAD_HOST_DEVICE double join(double a, double b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, double total) const {
    totals[0] = static_cast<float>(total / static_cast<double>(of.rows));
  }
};

struct adafactor_squares {
  double update, value;
};

// The squares of update and value in each block of elements.
struct adafactor_squares_kernel {
  using value = adafactor_squares;
  adafactor_step_state of;
  const float* totals;
  float* partial; // [blocks, 2]

  SYNGRAD_HOST_DEVICE value empty() const { return {0, 0}; }
  SYNGRAD_HOST_DEVICE void add(value& total, std::int64_t block, std::int64_t i) const {
    const auto at = block * stepped_block + i;
    if (at >= of.rows * of.columns) return;
    const auto u = of.taken(at, of.now()) * of.inverse_root(at, totals[0]);
    total.update += static_cast<double>(u * u);
    total.value += static_cast<double>(of.value[at] * of.value[at]);
  }
  SYNGRAD_HOST_DEVICE value join(const value& a, const value& b) const {
    return {a.update + b.update, a.value + b.value};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t block, const value& total) const {
    partial[2 * block] = static_cast<float>(total.update);
    partial[2 * block + 1] = static_cast<float>(total.value);
  }
};

// totals[1] = what the update is multiplied by
struct adafactor_rate_kernel {
  using value = adafactor_squares;
  adafactor_step_state of;
  const float* partial;
  float* totals;

  SYNGRAD_HOST_DEVICE value empty() const { return {0, 0}; }
  SYNGRAD_HOST_DEVICE void add(value& total, std::int64_t, std::int64_t block) const {
    total.update += static_cast<double>(partial[2 * block]);
    total.value += static_cast<double>(partial[2 * block + 1]);
  }
  SYNGRAD_HOST_DEVICE value join(const value& a, const value& b) const {
    return {a.update + b.update, a.value + b.value};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, const value& total) const {
    const auto count = static_cast<double>(of.rows * of.columns);
    const auto length = std::sqrt(total.update / count) / static_cast<double>(of.clip);
    const auto own = std::sqrt(total.value / count), least = static_cast<double>(adafactor_least_scale);
    totals[1] = static_cast<float>((own > least ? own : least) * static_cast<double>(of.now().learning_rate) /
                                   (length > 1 ? length : 1.0));
  }
};

struct adafactor_apply_kernel {
  adafactor_step_state of;
  const float* totals;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto with = of.now();
    if (!of.applies(with)) return;
    const auto g = of.scaled(i, with);
    if (!is_finite(g * g)) return;
    const auto keep = of.decays ? with.keep : 1.0f;
    of.value[i] = keep * of.value[i] - totals[1] * (g * of.inverse_root(i, totals[0]));
  }
};

template <class Launcher>
void adafactor_step(Launcher& on, const step_arguments& of, tensor* row_means, tensor& column_means, float clip,
                    std::int64_t number) {
  const auto columns = column_means.elements(), rows = of.value.elements() / columns;
  assert((of.numbers || number >= 1) && of.value.elements() == rows * columns);
  assert(row_means ? row_means->elements() == rows : rows == 1);
  auto given = numbers_of_step(of);
  if (!of.numbers) set_adafactor_numbers(given, of.weight_decay, number);
  const adafactor_step_state state{of.gradient.f32(),
                                   of.value.f32(),
                                   rows,
                                   columns,
                                   row_means ? row_means->f32() : nullptr,
                                   column_means.f32(),
                                   clip,
                                   of.weight_decay != 0,
                                   given,
                                   numbers_in_memory(of)};
  const auto blocks = (rows * columns + stepped_block - 1) / stepped_block;
  const auto totals = on.scratch({2}), partial = on.scratch({blocks, 2});
  on.reduce_rows(rows, columns, adafactor_rows_kernel{state});
  if (row_means) {
    on.reduce_columns(columns, rows, adafactor_columns_kernel{state});
    on.reduce_rows(1, rows, adafactor_mean_kernel{state, totals.f32()});
  }
  on.reduce_rows(blocks, stepped_block, adafactor_squares_kernel{state, totals.f32(), partial.f32()});
  on.reduce_rows(1, blocks, adafactor_rate_kernel{state, partial.f32(), totals.f32()});
  on.each(rows * columns, adafactor_apply_kernel{state, totals.f32()});
}

} // namespace syngrad::cuda::kernels
