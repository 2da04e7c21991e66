// Moments in fewer bits: what they may differ by from those in 32 bits, that nothing is lost on average, and that the
// same numbers come out however a layer is cut.
#include "runtime/eight_bits.hpp"
#include "runtime/rounding.hpp"
#include "tests/runtime/device_under_test.hpp"

#include <cstring>
#include <set>

using namespace syngrad;
using reference::matrix;

namespace {

std::vector<std::uint8_t> bytes_in(device_under_test& bench, const tensor& of) {
  const auto host = brought_to_host(bench.on(), of);
  bench.where().synchronize();
  std::vector<std::uint8_t> out(host.bytes());
  std::memcpy(out.data(), host.data(), out.size());
  return out;
}

tensor zeros_of(device_under_test& bench, std::int64_t count, dtype type) {
  auto out = make_tensor(bench.on(), {count}, type);
  const std::vector<std::uint8_t> none(out.bytes());
  bench.ops().upload(bench.on(), none.data(), out);
  return out;
}

std::vector<double> values_in_bf16(device_under_test& bench, const tensor& of) {
  const auto bytes = bytes_in(bench, of);
  std::vector<double> out;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    out.push_back(double{from_bf16(static_cast<std::uint16_t>(bytes[i] | bytes[i + 1] << 8))});
  return out;
}

double mean_of(const std::vector<double>& all) {
  double sum = 0;
  for (const auto each : all) sum += each;
  return sum / static_cast<double>(all.size());
}

// Adam in 8 bits, on the device.
struct small_adam {
  small_adam(device_under_test& its_bench, const matrix& start)
    : bench(its_bench), count(start.columns), blocks((count + eight_bit_block - 1) / eight_bit_block),
      value(bench.upload(start)), first(zeros_of(bench, count, dtype::u8)), second(zeros_of(bench, count, dtype::u8)),
      first_scales(bench.zeros({blocks})), second_scales(bench.zeros({blocks})), nonfinite(bench.scalar(0)) {}

  step_arguments arguments(const tensor& gradient) {
    step_arguments out{value, gradient, 0.25f, 0.01f, 0.1f, nullptr, &nonfinite};
    out.rounding = rounding_key(5, 7, ++steps);
    return out;
  }
  void step(const step_arguments& of) {
    bench.ops().adam8bit_step(bench.on(), of, {first, second, first_scales, second_scales}, 0.9f, 0.999f, 1e-8f, steps);
  }
  void step(const tensor& gradient) { step(arguments(gradient)); }

  std::vector<double> first_moments() {
    const auto codes = bytes_in(bench, first);
    const auto scales = bench.download(first_scales);
    std::vector<double> out;
    for (std::size_t i = 0; i < codes.size(); ++i)
      out.push_back(double{first_moment_of(codes[i], static_cast<float>(scales.at[i / eight_bit_block]))});
    return out;
  }
  std::vector<double> second_moments() {
    const auto codes = bytes_in(bench, second);
    const auto scales = bench.download(second_scales);
    std::vector<double> out;
    for (std::size_t i = 0; i < codes.size(); ++i)
      out.push_back(double{second_moment_of(codes[i], static_cast<float>(scales.at[i / eight_bit_block]))});
    return out;
  }
  bool is_untouched() {
    return bytes_in(bench, first) == std::vector<std::uint8_t>(static_cast<std::size_t>(count)) &&
           bytes_in(bench, second) == std::vector<std::uint8_t>(static_cast<std::size_t>(count)) &&
           bench.download(first_scales).at == std::vector<double>(static_cast<std::size_t>(blocks));
  }

  device_under_test& bench;
  std::int64_t count, blocks;
  tensor value, first, second, first_scales, second_scales, nonfinite;
  std::int64_t steps = 0;
};

} // namespace

TEST_CASE("rounded to bf16 a number becomes one of its two neighbours, and on average itself") {
  for (const float x : {1.0f, 1.001f, -3.7e-12f, 2.9e30f, 0.0f}) {
    CAPTURE(x);
    double sum = 0;
    std::set<float> seen;
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const auto rounded = from_bf16(to_bf16(x, i));
      seen.insert(rounded);
      sum += double{rounded};
    }
    REQUIRE(sum / 65536 == Approx(double{x}).epsilon(1e-7));
    REQUIRE(seen.size() == (from_bf16(to_bf16(x, 0)) == x ? 1 : 2));
    for (const auto each : seen) REQUIRE(std::abs(each - x) <= std::abs(x) / 128);
  }
  const auto largest = std::numeric_limits<float>::max();
  for (const std::uint32_t bits : {0u, 65535u}) {
    REQUIRE(std::isfinite(from_bf16(to_bf16(largest, bits))));
    REQUIRE(std::isfinite(from_bf16(to_bf16(-largest, bits))));
  }
}

TEST_CASE("the bits that moments are rounded by are spread evenly, and differ by step, layer and seed") {
  for (const auto key : {rounding_key(1, 2, 3), rounding_key(1, 2, 4), rounding_key(1, 3, 3), rounding_key(2, 2, 3)}) {
    int low = 0, high = 0, both = 0;
    constexpr int count = 100'000;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto bits = rounding_bits(key, i);
      low += bits >> 15 & 1;
      high += bits >> 31;
      both += (bits >> 15 & 1) & bits >> 31;
    }
    REQUIRE(std::abs(low - count / 2) < 800); // five standard deviations
    REQUIRE(std::abs(high - count / 2) < 800);
    REQUIRE(std::abs(both - count / 4) < 700);
  }
  const std::set<std::uint32_t> keys{rounding_key(1, 2, 3), rounding_key(1, 2, 4), rounding_key(1, 3, 3),
                                     rounding_key(2, 2, 3)};
  REQUIRE(keys.size() == 4);
}

TEST_CASE("codes of 8 bits rise with what they stand for, from nothing to what is largest") {
  REQUIRE(first_moment_map::value_of(0) == 0);
  REQUIRE(first_moment_map::value_of(128) == 1);
  REQUIRE(second_moment_map::value_of(256) == 1);
  REQUIRE(first_moment_map::value_of(1) == Approx(std::pow(2.0, -28)));
  REQUIRE(second_moment_map::value_of(1) == Approx(std::pow(2.0, -64)));
  const auto check = [](auto map, std::int32_t largest, double power) {
    for (std::int32_t code = 1; code <= largest; ++code) {
      CAPTURE(code);
      const auto low = map.value_of(code - 1), high = map.value_of(code);
      REQUIRE(high > low);
      if (code > 16) REQUIRE(high - low < 2 * high * power / code); // neighbours lie close
      if (code <= 8) continue;                                      // between them it is no line
      double sum = 0;
      const auto between = low + 0.3f * (high - low);
      for (int i = 0; i < 1000; ++i) {
        const auto found = map.code_of(between, static_cast<float>(i) / 1000);
        REQUIRE((found == code - 1 || found == code));
        sum += double{map.value_of(found)};
      }
      REQUIRE(std::abs(sum / 1000 - double{between}) <= 0.002 * double{high - low});
    }
    REQUIRE(map.code_of(map.value_of(largest), 0.99f) == largest);
    REQUIRE(map.code_of(map.value_of(largest), 0) == largest);
    REQUIRE(map.value_of(largest) * map.scale_of(7) == Approx(7));
    REQUIRE(map.code_of(0, 0.99f) == 0);
  };
  check(first_moment_map(), 127, 4);
  check(second_moment_map(), 255, 8);
  REQUIRE(first_moment_of(code_of_first_moment(-2, inverse_of_scale(4), 0), 4) == Approx(-2).epsilon(0.04));
}

TEST_CASE("moments in bf16 are those in 32 bits up to their last digit, and on average equal") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto which = GENERATE(std::string("sgd"), "adam", "nadam", "lion", "direction");
  CAPTURE(which);
  const std::int64_t count = 20'000;
  const auto start = bench.normal(1, count);
  auto value = bench.upload(start), exact_value = bench.upload(start), direction = bench.zeros({1, count});
  auto first = zeros_of(bench, count, dtype::bf16), second = zeros_of(bench, count, dtype::bf16);
  auto exact_first = bench.zeros({1, count}), exact_second = bench.zeros({1, count});
  // The same gradient everywhere: what is rounded at random averages over elements.
  for (int step = 1; step <= 3; ++step) {
    matrix gradient(1, count);
    for (auto& each : gradient.at) each = double{0.37f * static_cast<float>(step)};
    const auto on_gradient = bench.upload(gradient);
    const auto go = [&](tensor& to, tensor& m, tensor& v) {
      step_arguments of{to, on_gradient, 1, 0.01f, 0, nullptr, nullptr};
      of.rounding = rounding_key(1, 1, step);
      auto& ops = bench.ops();
      if (which == "sgd") ops.sgd_step(bench.on(), of, &m, 0.9f, true);
      if (which == "adam") ops.adam_step(bench.on(), of, m, v, 0.9f, 0.999f, 1e-8f, step, false);
      if (which == "nadam") ops.nadam_step(bench.on(), of, m, v, 0.9f, 0.999f, 1e-8f, step);
      if (which == "lion") ops.lion_step(bench.on(), of, m, 0.9f, 0.99f);
      if (which == "direction") ops.momentum_direction(bench.on(), of, m, 0.95f, direction);
    };
    go(value, first, second);
    go(exact_value, exact_first, exact_second);
  }
  const auto compare = [&](const tensor& rounded, const tensor& exact) {
    const auto found = values_in_bf16(bench, rounded), expected = bench.download(exact).at;
    for (std::size_t i = 0; i < found.size(); ++i)
      REQUIRE(std::abs(found[i] - expected[i]) <= 3 * std::abs(expected[i]) / 128); // three steps' roundings
    REQUIRE(mean_of(found) == Approx(mean_of(expected)).epsilon(2e-4));             // 0.004 / sqrt(20000) * 5
    REQUIRE(std::set<double>(found.begin(), found.end()).size() > 1);
  };
  compare(first, exact_first);
  if (which == "adam" || which == "nadam") compare(second, exact_second);
  const auto moved = bench.download(value).at, expected = bench.download(exact_value).at;
  for (std::size_t i = 0; i < moved.size(); ++i) REQUIRE(std::abs(moved[i] - expected[i]) < 0.02);
}

TEST_CASE("small changes add up in a second moment of bf16, where they would be lost by rounding to the nearest") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t count = 4096;
  auto value = bench.zeros({1, count});
  auto first = zeros_of(bench, count, dtype::bf16), second = zeros_of(bench, count, dtype::bf16);
  matrix one(1, count);
  std::ranges::fill(one.at, 1.0);
  const auto gradient = bench.upload(one);
  constexpr int steps = 1000;
  for (int step = 1; step <= steps; ++step) {
    step_arguments of{value, gradient, 1, 0, 0, nullptr, nullptr};
    of.rounding = rounding_key(1, 1, step);
    bench.ops().adam_step(bench.on(), of, first, second, 0.9f, 0.999f, 1e-8f, step, false);
  }
  REQUIRE(mean_of(values_in_bf16(bench, second)) == Approx(1 - std::pow(0.999, steps)).epsilon(0.005));
}

TEST_CASE("moments are rounded by the element of the layer, however steps cut it") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t count = 2000, cut = 768;
  const auto start = bench.normal(1, count);
  auto whole = bench.upload(start), parts = bench.upload(start);
  auto m = zeros_of(bench, count, dtype::bf16), v = zeros_of(bench, count, dtype::bf16),
       m_parts = zeros_of(bench, count, dtype::bf16), v_parts = zeros_of(bench, count, dtype::bf16);
  small_adam small(bench, start), small_parts(bench, start);
  for (int step = 1; step <= 3; ++step) {
    const auto gradient = bench.upload(bench.normal(1, count));
    const auto key = rounding_key(1, 1, step);
    const auto step_over = [&](tensor& of, tensor& first, tensor& second, std::int64_t from, std::int64_t size) {
      auto value = of.view(from, {size}), at_first = first.view(from, {size}), at_second = second.view(from, {size});
      const auto g = gradient.view(from, {size});
      step_arguments now{value, g, 1, 0.1f, 0, nullptr, nullptr};
      now.rounding = key;
      now.first_element = from;
      bench.ops().adam_step(bench.on(), now, at_first, at_second, 0.9f, 0.999f, 1e-8f, step, true);
    };
    step_over(whole, m, v, 0, count);
    step_over(parts, m_parts, v_parts, cut, count - cut);
    step_over(parts, m_parts, v_parts, 0, cut);

    small.step(gradient);
    auto now = small_parts.arguments(gradient);
    for (const auto& [from, size] : {std::pair{cut, count - cut}, {std::int64_t{0}, cut}}) {
      const auto block = from / eight_bit_block, blocks = (size + eight_bit_block - 1) / eight_bit_block;
      auto value = small_parts.value.view(from, {size});
      const auto g = gradient.view(from, {size});
      auto first = small_parts.first.view(from, {size}), second = small_parts.second.view(from, {size});
      auto first_scales = small_parts.first_scales.view(block, {blocks}),
           second_scales = small_parts.second_scales.view(block, {blocks});
      step_arguments part{value, g, now.scale, now.learning_rate, now.weight_decay, nullptr, nullptr};
      part.rounding = now.rounding;
      part.first_element = from;
      bench.ops().adam8bit_step(bench.on(), part, {first, second, first_scales, second_scales}, 0.9f, 0.999f, 1e-8f,
                                step);
    }
  }
  REQUIRE(bytes_in(bench, m) == bytes_in(bench, m_parts));
  REQUIRE(bytes_in(bench, v) == bytes_in(bench, v_parts));
  REQUIRE(bench.download(whole) == bench.download(parts));
  REQUIRE(bytes_in(bench, small.first) == bytes_in(bench, small_parts.first));
  REQUIRE(bytes_in(bench, small.second) == bytes_in(bench, small_parts.second));
  REQUIRE(bench.download(small.value) == bench.download(small_parts.value));
}

TEST_CASE("Adam in 8 bits takes the first step of AdamW exactly, and later ones nearly") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool in_memory = GENERATE(false, true);
  for (const std::int64_t count : {1, 15, 256, 257, 5000}) {
    CAPTURE(count, in_memory);
    reference::optimizer_state expected{bench.normal(1, count), matrix(1, count), matrix(1, count)};
    small_adam state(bench, expected.value);
    const auto start = expected.value;
    auto uploaded = make_tensor(bench.on(), {sizeof(step_numbers)}, dtype::u8);
    double apart = 0, moved = 0;
    for (int step = 1; step <= 30; ++step) {
      const auto gradient = bench.normal(1, count);
      const auto on_gradient = bench.upload(gradient);
      auto now = state.arguments(on_gradient);
      if (in_memory) {
        step_numbers numbers = numbers_of_step(now);
        set_adam_numbers(numbers, now.weight_decay, 0.9f, 0.999f, step, true);
        bench.ops().upload(bench.on(), &numbers, uploaded);
        now.scale = now.learning_rate = 0;
        now.rounding = 0;
        now.numbers = &uploaded;
      }
      state.step(now);
      reference::adam(expected, gradient, 0.25, double{0.01f}, double{0.1f}, double{0.9f}, double{0.999f}, 1e-8, step,
                      true);
      if (step == 1) REQUIRE(worst_error(bench.download(state.value), expected.value, tolerances::optimizer) <= 1);
    }
    const auto found = bench.download(state.value);
    for (std::size_t i = 0; i < found.at.size(); ++i) {
      apart += std::pow(found.at[i] - expected.value.at[i], 2);
      moved += std::pow(expected.value.at[i] - start.at[i], 2);
    }
    REQUIRE(std::sqrt(apart / moved) < 0.05);
    const auto first = state.first_moments(), second = state.second_moments();
    double largest = 0;
    for (const auto each : expected.first.at) largest = std::max(largest, std::abs(each));
    for (std::size_t i = 0; i < first.size(); ++i) {
      REQUIRE(std::abs(first[i] - expected.first.at[i]) < 0.15 * largest);
      REQUIRE(second[i] == Approx(expected.second.at[i]).epsilon(0.6));
    }
    if (count == 5000) REQUIRE(mean_of(second) == Approx(mean_of(expected.second.at)).epsilon(0.01));
    REQUIRE(bench.download_scalar(state.nonfinite) == 0);
  }
}

TEST_CASE("Adam in 8 bits leaves out what cannot be applied, and all where a guard or the norm forbids it") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t count = 600;
  const auto start = bench.normal(1, count);
  small_adam state(bench, start);
  auto gradient = bench.normal(1, count);
  gradient(0, 3) = std::numeric_limits<double>::quiet_NaN();
  gradient(0, 300) = 1e30; // too large to be squared
  const auto on_gradient = bench.upload(gradient);
  const auto bad = bench.scalar(std::nanf("")), good = bench.scalar(100);
  auto now = state.arguments(on_gradient);
  now.guard = &bad;
  state.step(now);
  REQUIRE(bench.download(state.value) == start);
  REQUIRE(state.is_untouched());
  REQUIRE(bench.download_scalar(state.nonfinite) == 0);
  now.guard = nullptr;
  now.squared_norm = &bad;
  now.largest_norm = 1;
  state.step(now);
  REQUIRE(bench.download(state.value) == start);
  REQUIRE(state.is_untouched());
  REQUIRE(bench.download_scalar(state.nonfinite) == 2);
  now.guard = now.squared_norm = &good;
  state.step(now); // the first moment is clipped: 0.1 times the gradient
  REQUIRE(bench.download_scalar(state.nonfinite) == 4);
  const auto after = bench.download(state.value);
  REQUIRE(after(0, 3) == start(0, 3));
  REQUIRE(after(0, 300) == start(0, 300));
  REQUIRE(after(0, 4) != start(0, 4));
  const auto first = state.first_moments();
  REQUIRE(first[3] == 0);
  REQUIRE(first[300] == 0);
  const auto clipped = 0.25 / (0.25 * 10 + 1e-6); // of the norm 100, whose root is 10
  double largest = 0;
  for (std::int64_t i = 0; i < eight_bit_block; ++i)
    if (i != 3) largest = std::max(largest, 0.1 * clipped * std::abs(gradient(0, i)));
  const auto top = double{first_moment_map::value_of(127)};
  REQUIRE(top * bench.download(state.first_scales).at[0] == Approx(largest).epsilon(1e-5));
  for (const auto each : state.second_moments()) REQUIRE(std::isfinite(each));
}

TEST_CASE("a thousand steps of Adam in 8 bits with a zero gradient are as good as none") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto start = bench.normal(1, 100);
  small_adam state(bench, start);
  const auto gradient = bench.zeros({1, 100});
  for (int step = 1; step <= 1000; ++step) {
    auto now = state.arguments(gradient);
    now.weight_decay = 0;
    state.step(now);
  }
  REQUIRE(bench.download(state.value) == start);
  REQUIRE(state.is_untouched());
}
