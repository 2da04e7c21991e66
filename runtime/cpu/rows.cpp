#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

// A whole number in range is a promise of the caller; a broken one would write anywhere.
std::int64_t row_of(std::int32_t label, [[maybe_unused]] std::int64_t classes) {
  assert(label >= 0 && label < classes && "a label is outside the table");
  return label;
}

// A batch is drawn at random from a set larger than the caches: the rows to come are asked for early.
constexpr std::int64_t rows_ahead = 2;
constexpr std::int64_t line_bytes = 64;

void prefetch(const void* row, std::int64_t bytes) {
  for (std::int64_t offset = 0; offset < bytes; offset += line_bytes)
    __builtin_prefetch(static_cast<const char*>(row) + offset);
}

template <class Element>
void gather(const Element* source, const std::int32_t* indices, std::int64_t rows, std::int64_t columns, float scale,
            float* out) {
  for (std::int64_t r = 0; r < rows; ++r) {
    if (r + rows_ahead < rows)
      prefetch(source + indices[r + rows_ahead] * columns, columns * std::int64_t{sizeof(Element)});
    const auto* from = source + indices[r] * columns;
    auto* to = out + r * columns;
#pragma omp simd
    for (std::int64_t c = 0; c < columns; ++c) to[c] = static_cast<float>(from[c]) * scale;
  }
}

} // namespace

void cpu_operators::fill_rows(stream& s, const tensor* bias, const tensor* table, const tensor* labels, tensor& y) {
  assert((!table || labels) && "a table needs labels");
  const auto rows = y.rows(), columns = y.columns(), classes = table ? table->rows() : 0;
  const float* base = bias ? bias->f32() : nullptr;
  const float* entries = table ? table->f32() : nullptr;
  const auto* row_labels = table ? labels->i32() : nullptr;
  host(s).launch([=, out = y.f32()] {
    for (std::int64_t r = 0; r < rows; ++r) {
      auto* to = out + r * columns;
      const bool has_entry = entries && row_labels[r] != no_label;
      const auto* entry = has_entry ? entries + row_of(row_labels[r], classes) * columns : base;
      if (!entry)
        std::fill_n(to, columns, 0.0f);
      else if (entry == base || !base)
        std::copy_n(entry, columns, to);
      else
#pragma omp simd
        for (std::int64_t c = 0; c < columns; ++c) to[c] = base[c] + entry[c];
    }
  });
}

void cpu_operators::sum_rows(stream& s, const tensor& x, float beta, tensor& out, const tensor* guard) {
  const auto rows = x.rows(), columns = out.elements();
  assert(x.columns() == columns || rows == 0);
  host(s).launch([=, in = x.f32(), sums = out.f32(), condition = address_of(guard)] {
    if (!lets_pass(condition)) return;
    scale_or_clear(sums, columns, beta);
    for_row_groups<4>(rows, [=](auto group, std::int64_t row) {
      const auto* first = in + row * columns;
#pragma omp simd
      for (std::int64_t c = 0; c < columns; ++c) {
        float sum = 0;
        for (int r = 0; r < group(); ++r) sum += first[r * columns + c];
        sums[c] += sum;
      }
    });
  });
}

void cpu_operators::sum_rows_by_label(stream& s, const tensor& x, const tensor& labels, float beta, tensor& table,
                                      const tensor* guard) {
  const auto rows = x.rows(), columns = table.columns(), classes = table.rows();
  assert((x.columns() == columns || rows == 0) && labels.elements() == rows);
  host(s).launch([=, in = x.f32(), row_labels = labels.i32(), sums = table.f32(), condition = address_of(guard)] {
    if (!lets_pass(condition)) return;
    scale_or_clear(sums, classes * columns, beta);
    for (std::int64_t r = 0; r < rows; ++r) {
      if (row_labels[r] == no_label) continue;
      const auto* from = in + r * columns;
      auto* to = sums + row_of(row_labels[r], classes) * columns;
#pragma omp simd
      for (std::int64_t c = 0; c < columns; ++c) to[c] += from[c];
    }
  });
}

void cpu_operators::count_labels(stream& s, const tensor& labels, float beta, tensor& counts) {
  const auto rows = labels.elements(), classes = counts.elements();
  host(s).launch([=, row_labels = labels.i32(), out = counts.f32()] {
    scale_or_clear(out, classes, beta);
    for (std::int64_t r = 0; r < rows; ++r)
      if (row_labels[r] != no_label) out[row_of(row_labels[r], classes)] += 1;
  });
}

void cpu_operators::gather_rows(stream& s, const tensor& source, const tensor& indices, float scale, tensor& out) {
  const auto rows = out.rows(), columns = out.columns();
  assert(source.columns() == columns && indices.elements() == rows);
  const auto* chosen = indices.i32();
  auto* to = out.f32();
  if (source.type() == dtype::u8)
    host(s).launch([=, from = source.u8()] { gather(from, chosen, rows, columns, scale, to); });
  else
    host(s).launch([=, from = source.f32()] { gather(from, chosen, rows, columns, scale, to); });
}

void cpu_operators::gather_labels(stream& s, const tensor& source, const tensor& indices, tensor& out) {
  assert(indices.elements() == out.rows() && source.columns() == out.columns());
  host(s).launch(
    [from = source.i32(), chosen = indices.i32(), to = out.i32(), rows = out.rows(), columns = out.columns()] {
      for (std::int64_t r = 0; r < rows; ++r) std::copy_n(from + chosen[r] * columns, columns, to + r * columns);
    });
}

void cpu_operators::repeat_labels(stream& s, const tensor& labels, std::int64_t times, tensor& out) {
  assert(out.elements() == labels.elements() * times);
  host(s).launch([from = labels.i32(), to = out.i32(), count = labels.elements(), times] {
    for (std::int64_t i = 0; i < count; ++i) std::fill_n(to + i * times, times, from[i]);
  });
}

namespace {

// out[r] = x[r] * factor_of(numbers[r])
template <class FactorOf>
void multiply_rows(stream& s, const tensor& x, const tensor& numbers, tensor& out, FactorOf factor_of) {
  assert(numbers.elements() == x.rows() && out.elements() == x.elements());
  host(s).launch([=, from = x.f32(), by = numbers.f32(), to = out.f32(), rows = x.rows(), columns = x.columns()] {
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto factor = factor_of(by[r]);
#pragma omp simd
      for (std::int64_t c = 0; c < columns; ++c) to[r * columns + c] = from[r * columns + c] * factor;
    }
  });
}

} // namespace

void cpu_operators::divide_rows(stream& s, const tensor& x, const tensor& divisors, tensor& out) {
  multiply_rows(s, x, divisors, out, [](float divisor) { return 1 / divisor; });
}

void cpu_operators::scale_rows(stream& s, const tensor& x, const tensor& factors, tensor& out) {
  multiply_rows(s, x, factors, out, [](float factor) { return factor; });
}

void cpu_operators::limit_rows(stream& s, tensor& x, const tensor& squares, float factor) {
  host(s).launch([at = x.f32(), most = squares.f32(), factor, rows = x.rows(), columns = x.columns()] {
    const auto limit = factor * std::sqrt(*most);
    for (std::int64_t r = 0; r < rows; ++r) {
      auto* row = at + r * columns;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t c = 0; c < columns; ++c) sum += row[c] * row[c];
      const auto norm = std::sqrt(sum);
      if (!(norm > limit)) continue;
      const auto shrink = limit / norm;
#pragma omp simd
      for (std::int64_t c = 0; c < columns; ++c) row[c] *= shrink;
    }
  });
}

} // namespace syngrad::cpu
