// The shapes of the ten digits as a pen would draw them, before any distortion. Constant data.
#pragma once

#include <array>
#include <span>

namespace syngrad {

// In units of the digit's height: x to the right, y down; a digit spans 0..1 in y and is centred on x = 0.5.
struct point {
  double x = 0;
  double y = 0;
};

enum class stroke_kind {
  straight, // lines from point to point
  smooth,   // a curve through the points
  closed    // a curve through the points and back to the first
};

struct stroke {
  static constexpr int most_points = 12;

  stroke_kind kind = stroke_kind::straight;
  int count = 0;
  std::array<point, most_points> points{};
};

struct glyph {
  static constexpr int most_strokes = 3;

  int count = 0;
  std::array<stroke, most_strokes> strokes{};
};

// The ways to write a digit 0..9; at least one.
std::span<const glyph> glyphs_of(int digit);

} // namespace syngrad
