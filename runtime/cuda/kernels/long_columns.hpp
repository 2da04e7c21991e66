// Reductions of columns with many rows, such as all positions of a batch of images. A block of threads for 32 columns
// would leave most of a GPU idle: chunks of the rows are summed first, each by a block of its own, and then joined.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/tensor.hpp"

namespace syngrad::cuda::kernels {

constexpr std::int64_t chunk_rows = 256, rows_worth_chunks = 1024;

// Group chunk * columns + column: the rows of one chunk.
template <class Reduction>
struct sum_chunks_kernel {
  using value = typename Reduction::value;

  Reduction of;
  value* sums;
  std::int64_t columns, rows;

  SYNGRAD_HOST_DEVICE value empty() const { return of.empty(); }
  SYNGRAD_HOST_DEVICE void add(value& total, std::int64_t group, std::int64_t i) const {
    const auto row = group / columns * chunk_rows + i;
    if (row < rows) of.add(total, group % columns, row);
  }
  SYNGRAD_HOST_DEVICE value join(value a, value b) const { return of.join(a, b); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t group, value total) const { sums[group] = total; }
};

template <class Reduction>
struct join_chunks_kernel {
  using value = typename Reduction::value;

  Reduction of;
  const value* sums;
  value* totals;
  std::int64_t columns;

  SYNGRAD_HOST_DEVICE value empty() const { return of.empty(); }
  SYNGRAD_HOST_DEVICE void add(value& total, std::int64_t column, std::int64_t chunk) const {
    total = of.join(total, sums[chunk * columns + column]);
  }
  SYNGRAD_HOST_DEVICE value join(value a, value b) const { return of.join(a, b); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t column, value total) const {
    totals[column] = total;
    of.finish(column, total);
  }
};

template <class Reduction>
struct apply_totals_kernel {
  Reduction of;
  const typename Reduction::value* totals;
  std::int64_t columns;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { of.apply(i % columns, i / columns, totals[i % columns]); }
};

// What on.reduce_columns(columns, rows, of) does, for columns of any length.
template <class Launcher, class Reduction>
void reduce_long_columns(Launcher& on, std::int64_t columns, std::int64_t rows, const Reduction& of) {
  using value = typename Reduction::value;
  static_assert(sizeof(value) % sizeof(float) == 0);
  if (rows <= rows_worth_chunks) return on.reduce_columns(columns, rows, of);
  const auto chunks = (rows + chunk_rows - 1) / chunk_rows;
  const auto scratch = on.scratch({(chunks + 1) * columns, static_cast<std::int64_t>(sizeof(value) / sizeof(float))});
  auto* const sums = reinterpret_cast<value*>(scratch.f32());
  auto* const totals = sums + chunks * columns;
  on.reduce_columns(chunks * columns, chunk_rows, sum_chunks_kernel<Reduction>{of, sums, columns, rows});
  on.reduce_columns(columns, chunks, join_chunks_kernel<Reduction>{of, sums, totals, columns});
  if constexpr (applies_total<Reduction>) on.each(rows * columns, apply_totals_kernel<Reduction>{of, totals, columns});
}

} // namespace syngrad::cuda::kernels
