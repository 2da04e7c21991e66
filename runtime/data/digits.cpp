#include "runtime/data/digits.hpp"

#include "runtime/data/digit_outline.hpp"
#include "runtime/process/process_limits.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <system_error>
#include <thread>
#include <vector>

namespace syngrad {

// Paints an outline as a grey image. Whole-number arithmetic only: the same bytes from every compiler and processor.
class digit_painter {
public:
  static constexpr std::size_t pixels = static_cast<std::size_t>(digit_side) * digit_side;

  // Overwrites `image`, row by row: ink with smooth edges on a background of 0, then a little noise from `random`.
  void paint(const digit_outline& outline, random_source& random, std::span<std::uint8_t, pixels> image);

private:
  void measure(const outline_segment& segment, std::int32_t reach);

  std::array<std::int64_t, pixels> nearest_{}; // squared distance from each pixel's centre to the pen's path
};

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

namespace {

constexpr std::uint64_t test_seed = 0x7465737464696769;
constexpr std::uint64_t train_stream = 0;
constexpr std::uint64_t test_stream = std::uint64_t{1} << 40; // no training sample shares a stream with a test sample

// Samples first, first + stride, ... Each has a random source of its own, so the division among threads is free.
void draw(sample_set& into, std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::int64_t stride) {
  digit_outline outline;
  digit_painter painter;
  for (auto i = first; i < into.count; i += stride) {
    const auto digit = static_cast<int>(i % 10);
    random_source random(seed, stream + static_cast<std::uint64_t>(i));
    const auto shapes = glyphs_of(digit);
    draw_outline(shapes[random.below(static_cast<std::uint32_t>(shapes.size()))], random, outline);
    const auto image = std::span(into.bytes).subspan(static_cast<std::size_t>(i) * digit_painter::pixels);
    painter.paint(outline, random, image.first<digit_painter::pixels>());
    into.labels[static_cast<std::size_t>(i)] = digit;
  }
}

sample_set make_set(std::uint64_t seed, std::uint64_t stream, std::int64_t count) {
  assert(count >= 0);
  sample_set set;
  set.count = count;
  set.bytes.resize(static_cast<std::size_t>(count) * digit_painter::pixels);
  set.labels.resize(static_cast<std::size_t>(count));
  const std::int64_t threads = usable_processors();
  {
    std::vector<std::jthread> others; // joined before `set` is handed out
    std::int64_t helped = 1;
    try {
      for (; helped < threads; ++helped)
        others.emplace_back([&set, seed, stream, t = helped, threads] { draw(set, seed, stream, t, threads); });
    } catch (const std::system_error&) { // no more threads are allowed: their parts are drawn here
    }
    for (auto t = helped; t < threads; ++t) draw(set, seed, stream, t, threads);
    draw(set, seed, stream, 0, threads);
  }
  return set;
}

} // namespace

dataset make_digits(std::uint64_t seed, std::int64_t train_count, std::int64_t test_count) {
  dataset data;
  data.name = "digits";
  data.input = {{digit_side, digit_side, 1}};
  data.target = label_spec(10);
  data.train = make_set(seed, train_stream, train_count);
  data.test = make_set(test_seed, test_stream, test_count);
  return data;
}

} // namespace syngrad
