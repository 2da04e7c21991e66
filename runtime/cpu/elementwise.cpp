#include "runtime/cpu/cpu_operators.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/memory_pool.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace syngrad::cpu {

namespace {

constexpr std::int64_t tile = 16; // floats in a cache line

// Through a small buffer, so that each line of both matrices is touched once: where their rows are a multiple of 4 KiB
// apart, the lines of a tile would evict each other.
void transpose_tile(const float* from, std::int64_t from_stride, std::int64_t rows, std::int64_t columns, float* to,
                    std::int64_t to_stride) {
  float buffer[tile][tile];
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) buffer[c][r] = from[r * from_stride + c];
  for (std::int64_t c = 0; c < columns; ++c) std::copy_n(buffer[c], rows, to + c * to_stride);
}

} // namespace

void cpu_operators::fill(stream& s, tensor& target, float value) {
  host(s).launch([out = target.f32(), count = target.elements(), value] { std::fill_n(out, count, value); });
}

void cpu_operators::copy(stream& s, const tensor& source, tensor& target) {
  assert(source.type() == target.type() && source.elements() == target.elements());
  if (!source.memory()->pool().asynchronous()) return upload(s, source.data(), target); // ordinary host memory
  host(s).launch([from = source.data(), to = target.data(), bytes = source.bytes()] { std::memmove(to, from, bytes); });
}

void cpu_operators::copy_block(stream& s, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) {
  const auto rows = source.rows(), columns = source.columns(), stride = target.columns();
  assert(row + rows <= target.rows() && column + columns <= stride && "the block does not fit");
  host(s).launch([from = source.f32(), to = target.f32() + row * stride + column, rows, columns, stride] {
    for (std::int64_t r = 0; r < rows; ++r) std::copy_n(from + r * columns, columns, to + r * stride);
  });
}

void cpu_operators::copy_block_transposed(stream& s, const tensor& source, tensor& target, std::int64_t row,
                                          std::int64_t column) {
  const auto rows = source.rows(), columns = source.columns(), stride = target.columns();
  assert(row + columns <= target.rows() && column + rows <= stride && "the block does not fit");
  host(s).launch([from = source.f32(), to = target.f32() + row * stride + column, rows, columns, stride] {
    for (std::int64_t r = 0; r < rows; r += tile)
      for (std::int64_t c = 0; c < columns; c += tile)
        transpose_tile(from + r * columns + c, columns, std::min(tile, rows - r), std::min(tile, columns - c),
                       to + c * stride + r, stride);
  });
}

void cpu_operators::upload(stream& s, const void* host_memory, tensor& target) {
  auto* const to = target.data();
  const auto bytes = target.bytes();
  if (bytes == 0 || !s.owner().does_work()) return; // `host_memory` may be null where there are none
  if (host(s).runs_inline()) {
    std::memcpy(to, host_memory, bytes);
    return;
  }
  const auto* first = static_cast<const std::byte*>(host_memory);
  host(s).launch(
    [to, kept = std::vector<std::byte>(first, first + bytes)] { std::memcpy(to, kept.data(), kept.size()); });
}

void cpu_operators::scale(stream& s, tensor& target, float factor) {
  host(s).launch([out = target.f32(), count = target.elements(), factor] {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) out[i] *= factor;
  });
}

void cpu_operators::add(stream& s, const tensor& source, float factor, tensor& target) {
  assert(source.elements() == target.elements());
  host(s).launch([in = source.f32(), out = target.f32(), count = target.elements(), factor] {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) out[i] += factor * in[i];
  });
}

void cpu_operators::subtract(stream& s, const tensor& a, const tensor& b, tensor& out) {
  assert(a.elements() == out.elements() && b.elements() == out.elements());
  host(s).launch([left = a.f32(), right = b.f32(), to = out.f32(), count = out.elements()] {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) to[i] = left[i] - right[i];
  });
}

void cpu_operators::relu(stream& s, const tensor& x, tensor& y) {
  assert(x.elements() == y.elements());
  host(s).launch([in = x.f32(), out = y.f32(), count = y.elements()] {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[i] < 0 ? 0.0f : in[i]; // in this order a NaN stays one
  });
}

void cpu_operators::relu_backward(stream& s, const tensor& dy, const tensor& y, tensor& dx) {
  assert(dy.elements() == dx.elements() && y.elements() == dx.elements());
  host(s).launch([above = dy.f32(), out = y.f32(), below = dx.f32(), count = dx.elements()] {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) {
      const auto passed = above[i];
      below[i] = out[i] == 0 ? 0.0f : passed;
    }
  });
}

void cpu_operators::zero_unless_finite(stream& s, const tensor& guard, tensor& target) {
  assert(guard.elements() == 1);
  host(s).launch([condition = guard.f32(), out = target.f32(), count = target.elements()] {
    if (!lets_pass(condition)) std::fill_n(out, count, 0.0f);
  });
}

} // namespace syngrad::cpu
