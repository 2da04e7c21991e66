#include "runtime/data/digit_painter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace syngrad {
namespace {

constexpr std::int32_t edge = units_per_pixel * 5 / 4; // width of the ramp from ink to background
constexpr std::int32_t noise = 18;                     // most that a pixel's level is moved by, of 255
constexpr std::int64_t far_away = std::numeric_limits<std::int64_t>::max();

// Squared distance from p to the segment from the origin to d, exact up to the last unit.
std::int64_t squared_distance(std::int64_t px, std::int64_t py, std::int64_t dx, std::int64_t dy) {
  const auto length = dx * dx + dy * dy;
  const auto along = px * dx + py * dy;
  if (along <= 0 || length == 0) return px * px + py * py;
  if (along >= length) return (px - dx) * (px - dx) + (py - dy) * (py - dy);
  const auto across = px * dy - py * dx;
  return across * across / length;
}

std::int32_t pixel_of(std::int32_t units) {
  return std::clamp(units >> 8, 0, digit_side - 1);
}
static_assert(units_per_pixel == 1 << 8);

} // namespace

void digit_painter::measure(const outline_segment& s, std::int32_t reach) {
  const auto left = pixel_of(std::min(s.from_x, s.to_x) - reach), right = pixel_of(std::max(s.from_x, s.to_x) + reach);
  const auto top = pixel_of(std::min(s.from_y, s.to_y) - reach), bottom = pixel_of(std::max(s.from_y, s.to_y) + reach);
  for (auto y = top; y <= bottom; ++y) {
    for (auto x = left; x <= right; ++x) {
      const auto px = x * units_per_pixel + units_per_pixel / 2 - s.from_x;
      const auto py = y * units_per_pixel + units_per_pixel / 2 - s.from_y;
      auto& nearest = nearest_[static_cast<std::size_t>(y * digit_side + x)];
      nearest = std::min(nearest, squared_distance(px, py, s.to_x - s.from_x, s.to_y - s.from_y));
    }
  }
}

void digit_painter::paint(const digit_outline& outline, random_source& random, std::span<std::uint8_t, pixels> image) {
  nearest_.fill(far_away);
  const auto reach = outline.radius + edge / 2;
  for (const auto& segment : outline.segments) measure(segment, reach);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    std::int32_t level = 0;
    if (nearest_[i] < std::int64_t{reach} * reach) {
      // The square root is exactly rounded everywhere, and rounded down here: a whole number on any machine.
      const auto distance = static_cast<std::int32_t>(std::sqrt(static_cast<double>(nearest_[i])));
      level = std::clamp((reach - distance) * 255 / edge, 0, 255);
    }
    if (i % 8 == 0) bits = random.bits();
    const auto moved = static_cast<std::int32_t>((bits & 0xff) * (2 * noise + 1) >> 8) - noise;
    bits >>= 8;
    image[i] = static_cast<std::uint8_t>(std::clamp(level + moved, 0, 255));
  }
}

} // namespace syngrad
