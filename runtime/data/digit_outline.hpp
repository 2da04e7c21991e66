// One written digit: a glyph whose strokes were bent, posed and placed at random, as short segments on the image.
//
// Coordinates are whole numbers of 1/256 pixel, so that what is painted from them does not depend on how a compiler
// or a mathematical library rounds.
#pragma once

#include "runtime/data/digit_strokes.hpp"
#include "runtime/random.hpp"

#include <cstdint>
#include <vector>

namespace syngrad {

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
