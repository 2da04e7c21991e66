#include "tests/runtime/device_under_test.hpp"
#include "tests/runtime/image_reference.hpp"

using namespace syngrad;
using reference::image_case;
using reference::matrix;

namespace {

std::vector<image_case> pooling_cases(random_source& random) {
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + random.below(static_cast<std::uint32_t>(high - low + 1));
  };
  std::vector<image_case> out{{3, 16, 16, 8, {.kernel_size = 2, .stride = 2}},
                              {2, 7, 7, 9, {.kernel_size = 3, .stride = 2, .padding = 1}},
                              {4, 33, 33, {6, 5}, {.kernel_size = {6, 5}}}};
  for (int i = 0; i < 20; ++i) {
    image_case each{between(1, 4), between(1, 40), 0, 0, {.kernel_size = 1}};
    each.out = each.in;
    const auto axis = [&](std::int64_t extent2d::*of) {
      const auto kernel = between(1, 4), padding = between(0, kernel / 2);
      each.window.kernel_size.*of = kernel;
      each.window.stride.*of = between(1, 5);
      each.window.padding.*of = padding;
      each.input.*of = std::max<std::int64_t>(1, kernel - 2 * padding) + between(0, 8);
    };
    axis(&extent2d::height);
    axis(&extent2d::width);
    out.push_back(each);
  }
  return out;
}

shape pooling_input(const image_case& of) {
  return {of.batch, of.input.height, of.input.width, of.in};
}
shape pooling_output(const image_case& of) {
  return {of.batch, of.output().height, of.output().width, of.in};
}

std::int64_t input_rows(const image_case& of) {
  return of.batch * of.input.positions();
}
std::int64_t output_rows(const image_case& of) {
  return of.batch * of.output().positions();
}

// Numbers of few values, so that many are equal, and some that are none.
matrix with_ties(device_under_test& bench, std::int64_t rows, std::int64_t columns) {
  matrix out(rows, columns);
  for (auto& each : out.at) {
    each = static_cast<double>(bench.random().below(4)) - 2;
    if (bench.random().below(20) == 0) each = std::nan("");
    if (bench.random().below(20) == 0) each = -std::numeric_limits<double>::infinity();
  }
  return out;
}

// As the operators count them: within the image.
matrix within_images(matrix positions, const image_case& of) {
  for (auto& each : positions.at) each = std::fmod(each, static_cast<double>(of.input.positions()));
  return positions;
}

tensor no_positions(device_under_test& bench, const image_case& of) {
  return bench.upload(std::vector<std::int32_t>(static_cast<std::size_t>(pooling_output(of).elements()), -7))
    .view(0, pooling_output(of));
}

} // namespace

TEST_CASE("max pooling finds the first of the largest numbers, and a NaN is larger than all of them") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool ties = GENERATE(false, true);
  for (const auto& each : pooling_cases(bench.random())) {
    CAPTURE(ties, each.input.to_string(), each.window.kernel_size.to_string(), each.window.stride.to_string(),
            each.window.padding.to_string(), each.in);
    const auto x = ties ? with_ties(bench, input_rows(each), each.in) : bench.normal(input_rows(each), each.in);
    const auto on_x = bench.upload(x, pooling_input(each));
    auto y = bench.zeros(pooling_output(each)), other_y = bench.zeros(pooling_output(each));
    auto positions = no_positions(bench, each);
    bench.ops().max_pool2d(bench.on(), on_x, each.window, y, &positions);
    bench.ops().max_pool2d(bench.on(), on_x, each.window, other_y, nullptr);
    const auto expected = max_pool2d(each, x);
    REQUIRE(worst_error(bench.download(y), expected.y, tolerances::exact) <= 1);
    REQUIRE(worst_error(bench.download(other_y), expected.y, tolerances::exact) <= 1);
    REQUIRE(bench.download(positions) == within_images(expected.positions, each));
  }
}

TEST_CASE("the gradient of max pooling goes to where the maximum was found") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& each : pooling_cases(bench.random())) {
    CAPTURE(each.input.to_string(), each.window.kernel_size.to_string(), each.window.stride.to_string(),
            each.window.padding.to_string(), each.in);
    const auto x = with_ties(bench, input_rows(each), each.in), dy = bench.normal(output_rows(each), each.in);
    auto y = bench.zeros(pooling_output(each));
    auto positions = no_positions(bench, each);
    auto dx = bench.upload(matrix(input_rows(each), each.in, std::nan("")), pooling_input(each));
    bench.ops().max_pool2d(bench.on(), bench.upload(x, pooling_input(each)), each.window, y, &positions);
    bench.ops().max_pool2d_backward(bench.on(), bench.upload(dy, pooling_output(each)), positions, each.window, dx);
    const auto expected = max_pool2d_backward(each, dy, max_pool2d(each, x).positions);
    REQUIRE(worst_error(bench.download(dx), expected, tolerances::sum(each.window.kernel_size.positions())) <= 1);
  }
}

TEST_CASE("average pooling divides by the size of the window, padding included, and so does its gradient") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& each : pooling_cases(bench.random())) {
    CAPTURE(each.input.to_string(), each.window.kernel_size.to_string(), each.window.stride.to_string(),
            each.window.padding.to_string(), each.in);
    const auto x = bench.normal(input_rows(each), each.in), dy = bench.normal(output_rows(each), each.in);
    auto y = bench.upload(matrix(output_rows(each), each.in, std::nan("")), pooling_output(each)),
         dx = bench.upload(matrix(input_rows(each), each.in, std::nan("")), pooling_input(each));
    bench.ops().avg_pool2d(bench.on(), bench.upload(x, pooling_input(each)), each.window, y);
    bench.ops().avg_pool2d_backward(bench.on(), bench.upload(dy, pooling_output(each)), each.window, dx);
    const auto allowed = tolerances::sum(each.window.kernel_size.positions());
    REQUIRE(worst_error(bench.download(y), avg_pool2d(each, x), allowed) <= 1);
    REQUIRE(worst_error(bench.download(dx), avg_pool2d_backward(each, dy), allowed) <= 1);
  }
}
