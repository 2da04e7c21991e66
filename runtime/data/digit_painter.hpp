// Paints an outline as a grey image. Whole-number arithmetic only: the same bytes from every compiler and processor.
#pragma once

#include "runtime/data/digit_outline.hpp"
#include "runtime/random.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace syngrad {

class digit_painter {
public:
  static constexpr std::size_t pixels = static_cast<std::size_t>(digit_side) * digit_side;

  // Overwrites `image`, row by row: ink with smooth edges on a background of 0, then a little noise from `random`.
  void paint(const digit_outline& outline, random_source& random, std::span<std::uint8_t, pixels> image);

private:
  void measure(const outline_segment& segment, std::int32_t reach);

  std::array<std::int64_t, pixels> nearest_{}; // squared distance from each pixel's centre to the pen's path
};

} // namespace syngrad
