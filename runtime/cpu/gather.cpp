#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/host_stream.hpp"

namespace syngrad::cpu {

namespace {

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
  assert(indices.elements() == out.elements());
  host(s).launch([from = source.i32(), chosen = indices.i32(), to = out.i32(), count = out.elements()] {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[chosen[i]];
  });
}

} // namespace syngrad::cpu
