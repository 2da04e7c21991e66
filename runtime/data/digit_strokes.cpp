#include "runtime/data/digit_strokes.hpp"

#include <cassert>
#include <cstddef>

namespace syngrad {
namespace {

template <std::size_t Count>
constexpr stroke make(stroke_kind kind, const point (&points)[Count]) {
  static_assert(Count >= 2 && Count <= stroke::most_points);
  stroke made{kind, static_cast<int>(Count), {}};
  for (std::size_t i = 0; i < Count; ++i) made.points[i] = points[i];
  return made;
}

template <std::size_t Count>
constexpr stroke straight(const point (&points)[Count]) {
  return make(stroke_kind::straight, points);
}

template <std::size_t Count>
constexpr stroke smooth(const point (&points)[Count]) {
  return make(stroke_kind::smooth, points);
}

template <std::size_t Count>
constexpr stroke closed(const point (&points)[Count]) {
  return make(stroke_kind::closed, points);
}

constexpr glyph write(stroke a) {
  return {1, {a}};
}
constexpr glyph write(stroke a, stroke b) {
  return {2, {a, b}};
}
constexpr glyph write(stroke a, stroke b, stroke c) {
  return {3, {a, b, c}};
}

constexpr std::array zeros{
  write(closed({{.5, 0}, {.7, .12}, {.77, .5}, {.7, .88}, {.5, 1}, {.3, .88}, {.23, .5}, {.3, .12}})),
  write(closed({{.55, .02}, {.8, .25}, {.8, .7}, {.52, .98}, {.22, .75}, {.22, .3}})),
};

constexpr std::array ones{
  write(straight({{.5, 0}, {.5, 1}})),
  write(straight({{.3, .24}, {.54, 0}, {.54, 1}})),
  write(straight({{.32, .2}, {.52, 0}, {.52, 1}}), straight({{.3, 1}, {.74, 1}})),
};

constexpr std::array twos{
  write(smooth({{.23, .26}, {.32, .06}, {.55, 0}, {.75, .15}, {.7, .4}, {.48, .7}, {.22, .99}}),
        straight({{.22, 1}, {.8, 1}})),
  write(smooth({{.22, .2},
                {.42, 0},
                {.72, .1},
                {.72, .4},
                {.48, .75},
                {.26, .95},
                {.19, .83},
                {.38, .79},
                {.6, .95},
                {.82, .92}})),
};

constexpr std::array threes{
  write(smooth({{.24, .12}, {.5, 0}, {.73, .14}, {.69, .36}, {.45, .47}}),
        smooth({{.45, .47}, {.73, .58}, {.77, .82}, {.52, 1}, {.22, .88}})),
  write(straight({{.24, .02}, {.74, .02}, {.46, .4}}),
        smooth({{.46, .4}, {.73, .5}, {.77, .78}, {.52, 1}, {.22, .88}})),
};

constexpr std::array fours{
  write(straight({{.36, 0}, {.2, .6}, {.82, .6}}), straight({{.65, .25}, {.63, 1}})),
  write(straight({{.64, 1}, {.64, 0}, {.18, .68}, {.84, .68}})),
  write(smooth({{.25, .04}, {.23, .36}, {.42, .52}, {.72, .46}}), straight({{.74, .02}, {.7, 1}})),
};

constexpr std::array fives{
  write(straight({{.76, .02}, {.32, .02}, {.27, .45}}),
        smooth({{.27, .45}, {.52, .36}, {.77, .52}, {.76, .84}, {.5, 1}, {.22, .9}})),
  write(smooth({{.3, .06}, {.26, .3}, {.42, .4}, {.68, .52}, {.74, .8}, {.5, .99}, {.2, .9}}),
        straight({{.3, .04}, {.76, .0}})),
};

constexpr std::array sixes{
  write(smooth({{.7, .04}, {.42, .2}, {.24, .55}, {.3, .88}, {.54, 1}, {.76, .86}, {.72, .6}, {.5, .5}, {.27, .66}})),
  write(smooth({{.5, 0}, {.3, .36}, {.23, .75}, {.38, .98}, {.62, .96}, {.72, .76}, {.56, .6}, {.27, .72}})),
};

constexpr std::array sevens{
  write(straight({{.2, .02}, {.78, .02}, {.42, 1}})),
  write(straight({{.2, .02}, {.78, .02}, {.44, 1}}), straight({{.36, .5}, {.74, .5}})),
  write(straight({{.2, .06}, {.76, .02}}), smooth({{.76, .02}, {.62, .35}, {.5, .65}, {.46, 1}})),
};

constexpr std::array eights{
  write(closed({{.7, .25},
                {.5, .46},
                {.26, .7},
                {.32, .94},
                {.5, 1},
                {.68, .94},
                {.74, .7},
                {.5, .46},
                {.3, .25},
                {.32, .06},
                {.5, 0},
                {.68, .06}})),
  write(closed({{.5, 0}, {.7, .1}, {.7, .36}, {.5, .47}, {.3, .36}, {.3, .1}}),
        closed({{.5, .47}, {.74, .6}, {.74, .88}, {.5, 1}, {.26, .88}, {.26, .6}})),
};

constexpr std::array nines{
  write(closed({{.73, .26}, {.62, .04}, {.38, .03}, {.25, .26}, {.38, .48}, {.62, .47}}),
        smooth({{.73, .2}, {.72, .55}, {.6, 1}})),
  write(closed({{.73, .26}, {.62, .04}, {.38, .03}, {.25, .26}, {.38, .5}, {.62, .48}}),
        straight({{.74, .04}, {.71, 1}})),
  write(smooth({{.3, .96}, {.58, .8}, {.76, .45}, {.7, .12}, {.46, 0}, {.24, .14}, {.28, .4}, {.5, .5}, {.73, .34}})),
};

} // namespace

std::span<const glyph> glyphs_of(int digit) {
  switch (digit) {
  case 0:
    return zeros;
  case 1:
    return ones;
  case 2:
    return twos;
  case 3:
    return threes;
  case 4:
    return fours;
  case 5:
    return fives;
  case 6:
    return sixes;
  case 7:
    return sevens;
  case 8:
    return eights;
  case 9:
    return nines;
  default:
    assert(!"a digit is 0..9");
    return zeros;
  }
}

} // namespace syngrad
