// Kernels over the rows of a batch: rows and labels out of the whole data set, bias and label terms, and sums by column
// and by label.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/cuda/kernels/long_columns.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

template <class Element>
struct gather_rows_kernel {
  const Element* source;
  const std::int32_t* indices;
  float* out;
  std::int64_t columns;
  float scale;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    out[row * columns + column] = static_cast<float>(source[indices[row] * columns + column]) * scale;
  }
};

struct gather_labels_kernel {
  const std::int32_t *source, *indices;
  std::int32_t* out;
  std::int64_t columns;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    out[i] = source[indices[i / columns] * columns + i % columns];
  }
};

template <class Launcher>
void gather_rows(Launcher& on, const tensor& source, const tensor& indices, float scale, tensor& out) {
  const auto columns = out.columns();
  assert(source.columns() == columns && indices.elements() == out.rows());
  if (source.type() == dtype::u8)
    on.grid(out.rows(), columns,
            gather_rows_kernel<std::uint8_t>{source.u8(), indices.i32(), out.f32(), columns, scale});
  else
    on.grid(out.rows(), columns, gather_rows_kernel<float>{source.f32(), indices.i32(), out.f32(), columns, scale});
}

template <class Launcher>
void gather_labels(Launcher& on, const tensor& source, const tensor& indices, tensor& out) {
  assert(indices.elements() == out.rows() && source.columns() == out.columns());
  on.each(out.elements(), gather_labels_kernel{source.i32(), indices.i32(), out.i32(), out.columns()});
}

struct repeat_labels_kernel {
  const std::int32_t* labels;
  std::int32_t* out;
  std::int64_t times;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = labels[i / times]; }
};

struct divide_rows_kernel {
  const float *x, *divisors;
  float* out;
  std::int64_t columns;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    out[row * columns + column] = x[row * columns + column] * (1 / divisors[row]);
  }
};

template <class Launcher>
void repeat_labels(Launcher& on, const tensor& labels, std::int64_t times, tensor& out) {
  assert(out.elements() == labels.elements() * times);
  on.each(out.elements(), repeat_labels_kernel{labels.i32(), out.i32(), times});
}

template <class Launcher>
void divide_rows(Launcher& on, const tensor& x, const tensor& divisors, tensor& out) {
  assert(divisors.elements() == x.rows() && out.elements() == x.elements());
  on.grid(x.rows(), x.columns(), divide_rows_kernel{x.f32(), divisors.f32(), out.f32(), x.columns()});
}

struct scale_rows_kernel {
  const float *x, *factors;
  float* out;
  std::int64_t columns;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    out[row * columns + column] = x[row * columns + column] * factors[row];
  }
};

template <class Launcher>
void scale_rows(Launcher& on, const tensor& x, const tensor& factors, tensor& out) {
  assert(factors.elements() == x.rows() && out.elements() == x.elements());
  on.grid(x.rows(), x.columns(), scale_rows_kernel{x.f32(), factors.f32(), out.f32(), x.columns()});
}

struct limit_rows_kernel {
  using value = float;

  float* x;
  const float* squares;
  std::int64_t columns;
  float factor;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& sum, std::int64_t row, std::int64_t column) const {
    const auto each = x[row * columns + column];
    sum += each * each;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, float) const {}
  SYNGRAD_HOST_DEVICE void apply(std::int64_t row, std::int64_t column, float sum) const {
    const auto norm = std::sqrt(sum), limit = factor * std::sqrt(*squares);
    if (norm > limit) x[row * columns + column] *= limit / norm;
  }
};

template <class Launcher>
void limit_rows(Launcher& on, tensor& x, const tensor& squares, float factor) {
  on.reduce_rows(x.rows(), x.columns(), limit_rows_kernel{x.f32(), squares.f32(), x.columns(), factor});
}

// beta * before + sum, where a zero beta does not read what was there.
SYNGRAD_HOST_DEVICE inline float blend(float beta, const float& before, float sum) {
  return beta == 0 ? sum : beta * before + sum;
}

struct fill_rows_kernel {
  const float *bias, *table; // null: zero
  const std::int32_t* labels;
  float* out;
  std::int64_t columns;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    const auto base = bias ? bias[column] : 0.0f;
    const bool has_entry = table && labels[row] != no_label;
    out[row * columns + column] = has_entry ? base + table[labels[row] * columns + column] : base;
  }
};

struct sum_rows_kernel {
  using value = float;

  const float* x;
  float* out;
  const float* guard; // may be null
  std::int64_t columns;
  float beta;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t column, std::int64_t row) const {
    total += x[row * columns + column];
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t column, float total) const {
    if (lets_pass(guard)) out[column] = blend(beta, out[column], total);
  }
};

// A group is an entry of the table: each row is read by the threads of its own label only.
struct sum_rows_by_label_kernel {
  using value = float;

  const float* x;
  const std::int32_t* labels;
  float* table;
  const float* guard; // may be null
  std::int64_t columns;
  float beta;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t entry, std::int64_t row) const {
    if (labels[row] == entry / columns) total += x[row * columns + entry % columns];
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t entry, float total) const {
    if (lets_pass(guard)) table[entry] = blend(beta, table[entry], total);
  }
};

struct count_labels_kernel {
  using value = float; // whole numbers

  const std::int32_t* labels;
  float* counts;
  float beta;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t label, std::int64_t row) const {
    if (labels[row] == label) total += 1;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t label, float total) const {
    counts[label] = blend(beta, counts[label], total);
  }
};

template <class Launcher>
void fill_rows(Launcher& on, const tensor* bias, const tensor* table, const tensor* labels, tensor& y) {
  assert((!table || labels) && "a table needs labels");
  on.grid(y.rows(), y.columns(),
          fill_rows_kernel{bias ? bias->f32() : nullptr, table ? table->f32() : nullptr,
                           table ? labels->i32() : nullptr, y.f32(), y.columns()});
}

template <class Launcher>
void sum_rows(Launcher& on, const tensor& x, float beta, tensor& out, const tensor* guard) {
  const auto columns = out.elements();
  assert(x.columns() == columns || x.rows() == 0);
  reduce_long_columns(on, columns, x.rows(),
                      sum_rows_kernel{x.f32(), out.f32(), guard ? guard->f32() : nullptr, columns, beta});
}

template <class Launcher>
void sum_rows_by_label(Launcher& on, const tensor& x, const tensor& labels, float beta, tensor& table,
                       const tensor* guard) {
  assert((x.columns() == table.columns() || x.rows() == 0) && labels.elements() == x.rows());
  on.reduce_columns(table.elements(), x.rows(),
                    sum_rows_by_label_kernel{x.f32(), labels.i32(), table.f32(), guard ? guard->f32() : nullptr,
                                             table.columns(), beta});
}

template <class Launcher>
void count_labels(Launcher& on, const tensor& labels, float beta, tensor& counts) {
  on.reduce_rows(counts.elements(), labels.elements(), count_labels_kernel{labels.i32(), counts.f32(), beta});
}

} // namespace syngrad::cuda::kernels
