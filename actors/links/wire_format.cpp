#include "actors/links/wire_format.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace syngrad {

namespace {

constexpr std::uint32_t exponent_bits = 0x7f800000;

// On bits alone: arithmetic would flush denormals, which threads that compute have switched on.
std::uint16_t rounded(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & ~0x80000000u) > exponent_bits) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void to_bf16(const float* values, std::size_t count, char* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto half = rounded(values[i]);
    std::memcpy(out + 2 * i, &half, 2);
  }
}

void from_bf16(const char* in, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, in + 2 * i, 2);
    values[i] = std::bit_cast<float>(std::uint32_t{half} << 16);
  }
}

// The largest magnitude of a row, NaN where it has an element that is not finite. Magnitudes of floats are ordered as
// their bits are.
float magnitude_of(const float* row, std::size_t count) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(row[i]) & ~0x80000000u);
  return largest >= exponent_bits ? std::numeric_limits<float>::quiet_NaN() : std::bit_cast<float>(largest);
}

void row_to_int8(const float* row, std::size_t count, char* out) {
  float scale = magnitude_of(row, count) / 127.0f;
  if (scale < std::numeric_limits<float>::min()) scale = 0.0f;
  std::memcpy(out, &scale, sizeof scale);
  out += sizeof scale;
  if (!(scale > 0.0f)) { // nothing but zeros, or not finite
    std::memset(out, 0, count);
    return;
  }
  const float inverse = 1.0f / scale;
  for (std::size_t i = 0; i < count; ++i) {
    const float quotient = row[i] * inverse;
    out[i] = static_cast<char>(static_cast<int>(quotient + std::copysign(0.5f, quotient)));
  }
}

void row_from_int8(const char* in, std::size_t count, float* row) {
  float scale = 0;
  std::memcpy(&scale, in, sizeof scale);
  in += sizeof scale;
  for (std::size_t i = 0; i < count; ++i) row[i] = scale * static_cast<float>(static_cast<signed char>(in[i]));
}

} // namespace

std::size_t wire_bytes(const shape& extents, wire_format format) {
  const auto elements = static_cast<std::size_t>(extents.elements());
  if (elements == 0) return 0;
  switch (format) {
  case wire_format::bf16:
    return 2 * elements;
  case wire_format::int8:
    return elements + sizeof(float) * static_cast<std::size_t>(extents.rows());
  case wire_format::f32:
    break;
  }
  return sizeof(float) * elements;
}

void to_wire(const float* values, const shape& extents, wire_format format, char* out) {
  const auto elements = static_cast<std::size_t>(extents.elements());
  if (elements == 0) return;
  const auto columns = static_cast<std::size_t>(extents.columns());
  switch (format) {
  case wire_format::f32:
    std::memcpy(out, values, sizeof(float) * elements);
    return;
  case wire_format::bf16:
    to_bf16(values, elements, out);
    return;
  case wire_format::int8:
    for (std::size_t row = 0; row * columns < elements; ++row)
      row_to_int8(values + row * columns, columns, out + row * (columns + sizeof(float)));
    return;
  }
}

void from_wire(const char* in, const shape& extents, wire_format format, float* values) {
  const auto elements = static_cast<std::size_t>(extents.elements());
  if (elements == 0) return;
  const auto columns = static_cast<std::size_t>(extents.columns());
  switch (format) {
  case wire_format::f32:
    std::memcpy(values, in, sizeof(float) * elements);
    return;
  case wire_format::bf16:
    from_bf16(in, elements, values);
    return;
  case wire_format::int8:
    for (std::size_t row = 0; row * columns < elements; ++row)
      row_from_int8(in + row * (columns + sizeof(float)), columns, values + row * columns);
    return;
  }
}

} // namespace syngrad
