// One written digit: a glyph as a pen would draw it, whose strokes were bent and posed at random, as short
// segments on the image.
//
// Coordinates of an outline are whole numbers of 1/256 pixel, so that what is painted from them does not depend on how
// a compiler or a mathematical library rounds.
#pragma once

#include "runtime/random.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

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

constexpr std::int32_t digit_side = 28;       // pixels
constexpr std::int32_t units_per_pixel = 256; // of an outline's coordinates

struct outline_segment {
  std::int32_t from_x, from_y, to_x, to_y;
};

struct digit_outline {
  std::vector<outline_segment> segments;
  std::int32_t radius = 0; // half of the pen's width
};

// Draws `shape` anew into `outline`, whose memory is reused.
void draw_outline(const glyph& shape, random_source& random, digit_outline& outline);

} // namespace syngrad
