#include "runtime/data/digit_outline.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

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

namespace {

// How much a digit may vary: wide enough that a small network errs on 1 to 3 %, narrow enough that people do not.
namespace vary {
constexpr double control = 0.035; // standard deviation of a control point, in digit heights
constexpr double wave = 0.034;    // amplitude of each wave of the elastic distortion, in digit heights
constexpr double rotation = 0.15; // standard deviation, radians
constexpr double shear = 0.18;    // standard deviation
constexpr double low_size = 15;   // pixels a digit height
constexpr double high_size = 21;
constexpr double aspect = 0.14; // standard deviation of the logarithm of width against height
constexpr double offset = 1.3;  // standard deviation, pixels
constexpr double thin = 0.65;   // the pen's radius, pixels
constexpr double thick = 1.9;
constexpr double furthest = 2.2; // standard deviations: beyond, digits stop being readable
} // namespace vary

constexpr int pieces = 6; // segments between two control points

double bounded_normal(random_source& random, double deviation) {
  return std::clamp(random.normal(), -vary::furthest, vary::furthest) * deviation;
}

// A smooth displacement of the plane: a few waves of random direction, length and phase (elastic distortion in the
// sense of Simard, Steinkraus and Platt, 2003, with waves instead of filtered noise).
class elastic_field {
public:
  explicit elastic_field(random_source& random) {
    for (auto& w : waves_) {
      const auto direction = random.uniform(0, 2 * std::numbers::pi);
      const auto frequency = random.uniform(0.5, 1.5) * 2 * std::numbers::pi;
      w = {frequency * std::cos(direction), frequency * std::sin(direction), random.uniform(0, 2 * std::numbers::pi),
           bounded_normal(random, vary::wave), bounded_normal(random, vary::wave)};
    }
  }

  point bend(point p) const {
    auto bent = p;
    for (const auto& w : waves_) {
      const auto height = std::sin(w.along_x * p.x + w.along_y * p.y + w.phase);
      bent.x += w.push_x * height;
      bent.y += w.push_y * height;
    }
    return bent;
  }

private:
  struct wave {
    double along_x, along_y, phase, push_x, push_y;
  };
  std::array<wave, 4> waves_;
};

// Rotation, shear, scale and translation from glyph coordinates to pixels.
class pose {
public:
  explicit pose(random_source& random) {
    const auto angle = bounded_normal(random, vary::rotation);
    const auto shear = bounded_normal(random, vary::shear);
    const auto height = random.uniform(vary::low_size, vary::high_size);
    const auto width = height * std::exp(bounded_normal(random, vary::aspect));
    const auto cosine = std::cos(angle), sine = std::sin(angle);
    xx_ = cosine * width;
    xy_ = (cosine * shear - sine) * height;
    yx_ = sine * width;
    yy_ = (sine * shear + cosine) * height;
    x_ = digit_side / 2.0 + bounded_normal(random, vary::offset);
    y_ = digit_side / 2.0 + bounded_normal(random, vary::offset);
  }

  point moved(point p) const {
    const auto x = p.x - 0.5, y = p.y - 0.5;
    return {x_ + xx_ * x + xy_ * y, y_ + yx_ * x + yy_ * y};
  }

private:
  double xx_, xy_, yx_, yy_, x_, y_;
};

// Catmull and Rom's spline: the curve from b to c at t in 0..1, where a and d are the points before and after.
point spline(point a, point b, point c, point d, double t) {
  const auto blend = [t](double p, double q, double r, double s) {
    return 0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t * t * t);
  };
  return {blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)};
}

point along(const stroke& pen, int span, double t) {
  const auto at = [&](int index) {
    const auto wrapped =
      pen.kind == stroke_kind::closed ? (index + pen.count) % pen.count : std::clamp(index, 0, pen.count - 1);
    return pen.points[static_cast<std::size_t>(wrapped)];
  };
  const auto b = at(span), c = at(span + 1);
  if (pen.kind == stroke_kind::straight) return {b.x + (c.x - b.x) * t, b.y + (c.y - b.y) * t};
  return spline(at(span - 1), b, c, at(span + 2), t);
}

std::int32_t to_units(double pixels) {
  return static_cast<std::int32_t>(std::lround(pixels * units_per_pixel));
}

// How far low..high must move to leave a pixel free at the image's border, or to be centred where it is too large.
std::int32_t shift_inside(std::int32_t low, std::int32_t high) {
  constexpr auto begin = units_per_pixel, end = (digit_side - 1) * units_per_pixel;
  if (high - low > end - begin) return (begin + end - low - high) / 2;
  return std::max(0, begin - low) - std::max(0, high - end);
}

// Moves an outline, with the width of its pen, back from beyond the image's border.
void keep_inside(digit_outline& outline) {
  auto low_x = std::numeric_limits<std::int32_t>::max(), low_y = low_x;
  auto high_x = std::numeric_limits<std::int32_t>::min(), high_y = high_x;
  for (const auto& s : outline.segments) {
    low_x = std::min({low_x, s.from_x, s.to_x});
    low_y = std::min({low_y, s.from_y, s.to_y});
    high_x = std::max({high_x, s.from_x, s.to_x});
    high_y = std::max({high_y, s.from_y, s.to_y});
  }
  const auto x = shift_inside(low_x - outline.radius, high_x + outline.radius);
  const auto y = shift_inside(low_y - outline.radius, high_y + outline.radius);
  for (auto& s : outline.segments) s = {s.from_x + x, s.from_y + y, s.to_x + x, s.to_y + y};
}

} // namespace

void draw_outline(const glyph& shape, random_source& random, digit_outline& outline) {
  outline.segments.clear();
  const elastic_field field(random);
  const pose chosen(random);
  outline.radius = to_units(random.uniform(vary::thin, vary::thick));
  for (int s = 0; s < shape.count; ++s) {
    auto pen = shape.strokes[static_cast<std::size_t>(s)];
    for (auto& p : pen.points)
      p = {p.x + bounded_normal(random, vary::control), p.y + bounded_normal(random, vary::control)};
    const int spans = pen.kind == stroke_kind::closed ? pen.count : pen.count - 1;
    auto previous = chosen.moved(field.bend(along(pen, 0, 0)));
    for (int step = 1; step <= spans * pieces; ++step) {
      const int span = (step - 1) / pieces;
      const auto next = chosen.moved(field.bend(along(pen, span, static_cast<double>(step - span * pieces) / pieces)));
      outline.segments.push_back({to_units(previous.x), to_units(previous.y), to_units(next.x), to_units(next.y)});
      previous = next;
    }
  }
  keep_inside(outline);
}

} // namespace syngrad
