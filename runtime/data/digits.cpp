#include "runtime/data/digits.hpp"

#include "runtime/data/digit_outline.hpp"
#include "runtime/data/digit_painter.hpp"
#include "runtime/data/digit_strokes.hpp"
#include "runtime/process/process_limits.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <system_error>
#include <thread>
#include <vector>

namespace syngrad {
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
