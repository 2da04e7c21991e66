#include "tests/runtime/device_under_test.hpp"
#include "tests/runtime/image_reference.hpp"

using namespace syngrad;
using reference::image_case;
using reference::matrix;

namespace {

std::int64_t between(random_source& random, std::int64_t low, std::int64_t high) {
  return low + random.below(static_cast<std::uint32_t>(high - low + 1));
}

// Windows that fit, with strides beyond the kernel and paddings up to it; channels around the vectors of a CPU.
image_case random_case(random_source& random) {
  const std::int64_t channels[] = {1, 2, 3, 8, 15, 16, 17, 32, 33};
  const auto any_channels = [&] { return channels[random.below(9)]; };
  image_case out{between(random, 1, 5), any_channels(), any_channels(), 0, {.kernel_size = 1}};
  const auto axis = [&](std::int64_t extent2d::*of) {
    const auto kernel = between(random, 1, 5), padding = between(random, 0, kernel - 1);
    out.window.kernel_size.*of = kernel;
    out.window.stride.*of = between(random, 1, 3);
    out.window.padding.*of = padding;
    out.input.*of = std::max<std::int64_t>(1, kernel - 2 * padding) + between(random, 0, 9);
  };
  axis(&extent2d::height);
  axis(&extent2d::width);
  return out;
}

// What networks are made of, and random ones.
std::vector<image_case> convolution_cases(random_source& random) {
  const window2d same{.kernel_size = 3, .padding = 1}, halving{.kernel_size = 3, .stride = 2, .padding = 1},
    point{.kernel_size = 1}, halving_point{.kernel_size = 1, .stride = 2};
  std::vector<image_case> out{{4, 16, 16, 32, same},   {3, 16, 32, 16, halving}, {3, 16, 32, 16, halving_point},
                              {2, 64, 64, 8, same},    {6, 1, 32, 28, halving},  {2, 24, 40, 7, point},
                              {1, 3, 16, {9, 5}, same}};
  for (int i = 0; i < 20; ++i) out.push_back(random_case(random));
  return out;
}

shape in_images(const image_case& of, extent2d positions, std::int64_t channels) {
  return {of.batch, positions.height, positions.width, channels};
}

// The operands of a case, as matrices and on the device.
struct operands {
  operands(device_under_test& bench, const image_case& its_case)
    : of(its_case), x(bench.normal(of.batch * of.input.positions(), of.in)),
      weight(bench.normal(of.out, of.window_elements())), bias(bench.normal(1, of.out)),
      dy(bench.normal(of.batch * of.output().positions(), of.out)), on_x(bench.upload(x, x_shape())),
      on_weight(bench.upload(weight, weight_shape())), on_bias(bench.upload(bias, {of.out})),
      on_dy(bench.upload(dy, y_shape())) {}

  shape x_shape() const { return in_images(of, of.input, of.in); }
  shape y_shape() const { return in_images(of, of.output(), of.out); }
  shape weight_shape() const { return {of.out, of.window.kernel_size.height, of.window.kernel_size.width, of.in}; }

  image_case of;
  matrix x, weight, bias, dy;
  tensor on_x, on_weight, on_bias, on_dy;
};

std::string to_text(const image_case& of) {
  const auto& window = of.window;
  return std::to_string(of.batch) + " of " + of.input.to_string() + ", " + std::to_string(of.in) + " to " +
         std::to_string(of.out) + " channels, window " + window.kernel_size.to_string() + " stride " +
         window.stride.to_string() + " padding " + window.padding.to_string();
}

matrix in_rows(matrix values, std::int64_t rows) {
  values.columns = values.rows * values.columns / rows;
  values.rows = rows;
  return values;
}

matrix sum(matrix a, const matrix& b) {
  for (std::size_t i = 0; i < a.at.size(); ++i) a.at[i] += b.at[i];
  return a;
}

} // namespace

TEST_CASE("a convolution equals the reference, with a bias and without") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool with_bias = GENERATE(false, true);
  for (const auto& each : convolution_cases(bench.random())) {
    CAPTURE(with_bias, to_text(each));
    const operands with(bench, each);
    auto y = bench.upload(matrix(with.dy.rows, with.dy.columns, std::nan("")), with.y_shape());
    bench.ops().conv2d(bench.on(), {.x = with.on_x,
                                    .weight = with.on_weight,
                                    .bias = with_bias ? &with.on_bias : nullptr,
                                    .y = y,
                                    .window = each.window});
    const auto expected = conv2d(each, with.x, with.weight, with_bias ? with.bias : matrix(1, each.out));
    REQUIRE(worst_error(bench.download(y), expected, tolerances::sum(each.window_elements() + 1)) <= 1);
  }
}

TEST_CASE("the gradients of a convolution equal the reference, added to what was there where that is wanted") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool accumulate = GENERATE(false, true);
  for (const auto& each : convolution_cases(bench.random())) {
    CAPTURE(accumulate, to_text(each));
    const operands with(bench, each);
    const auto elements = each.window_elements();
    const auto weight_before = accumulate ? bench.normal(each.out, elements) : matrix(each.out, elements, std::nan(""));
    const auto bias_before = accumulate ? bench.normal(1, each.out) : matrix(1, each.out, std::nan(""));
    auto dx = bench.upload(matrix(with.x.rows, with.x.columns, std::nan("")), with.x_shape()),
         dweight = bench.upload(weight_before, with.weight_shape()), dbias = bench.upload(bias_before, {each.out});
    bench.ops().conv2d_backward(bench.on(), {.dy = with.on_dy,
                                             .x = with.on_x,
                                             .weight = with.on_weight,
                                             .window = each.window,
                                             .dx = &dx,
                                             .dweight = &dweight,
                                             .dbias = &dbias,
                                             .accumulate = accumulate});
    auto expected = conv2d_backward(each, with.dy, with.x, with.weight);
    if (accumulate) {
      expected.dweight = sum(expected.dweight, weight_before);
      expected.dbias = sum(expected.dbias, bias_before);
    }
    REQUIRE(worst_error(bench.download(dx), expected.dx, tolerances::sum(elements * each.out / each.in)) <= 1);
    REQUIRE(worst_error(in_rows(bench.download(dweight), each.out), expected.dweight,
                        tolerances::sum(with.dy.rows + 1)) <= 1);
    REQUIRE(worst_error(in_rows(bench.download(dbias), 1), expected.dbias, tolerances::sum(with.dy.rows + 1)) <= 1);
  }
}

TEST_CASE("only the gradients of a convolution that are asked for are computed, and they are the same ones") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const image_case each{3, 8, 12, {7, 6}, {.kernel_size = 3, .stride = 2, .padding = 1}};
  const operands with(bench, each);
  const auto run = [&](tensor* dx, tensor* dweight, tensor* dbias) {
    bench.ops().conv2d_backward(bench.on(), {.dy = with.on_dy,
                                             .x = with.on_x,
                                             .weight = with.on_weight,
                                             .window = each.window,
                                             .dx = dx,
                                             .dweight = dweight,
                                             .dbias = dbias});
  };
  auto dx = bench.zeros(with.x_shape()), other_dx = bench.zeros(with.x_shape()),
       dweight = bench.zeros(with.weight_shape()), other_dweight = bench.zeros(with.weight_shape()),
       third_dweight = bench.zeros(with.weight_shape()), dbias = bench.zeros({each.out}),
       other_dbias = bench.zeros({each.out});
  run(&dx, &dweight, &dbias);
  run(&other_dx, nullptr, nullptr);
  run(nullptr, &other_dweight, nullptr);
  run(nullptr, &third_dweight, &other_dbias);
  REQUIRE(bench.download(dx) == bench.download(other_dx));
  REQUIRE(bench.download(dweight) == bench.download(other_dweight));
  REQUIRE(bench.download(dweight) == bench.download(third_dweight));
  REQUIRE(bench.download(dbias) == bench.download(other_dbias));
  run(nullptr, nullptr, nullptr);
}

// 18 million elements of windows: the CUDA backend cuts the images into slices.
TEST_CASE("a convolution of more windows than are looked at together equals the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const image_case each{25, 16, 2, {30, 32}, {.kernel_size = 7, .padding = 3}};
  const operands with(bench, each);
  auto y = bench.zeros(with.y_shape()), dx = bench.zeros(with.x_shape()), dweight = bench.zeros(with.weight_shape()),
       dbias = bench.zeros({each.out});
  bench.ops().conv2d(bench.on(),
                     {.x = with.on_x, .weight = with.on_weight, .bias = &with.on_bias, .y = y, .window = each.window});
  bench.ops().conv2d_backward(bench.on(), {.dy = with.on_dy,
                                           .x = with.on_x,
                                           .weight = with.on_weight,
                                           .window = each.window,
                                           .dx = &dx,
                                           .dweight = &dweight,
                                           .dbias = &dbias});
  const auto expected = conv2d_backward(each, with.dy, with.x, with.weight);
  REQUIRE(worst_error(bench.download(y), conv2d(each, with.x, with.weight, with.bias),
                      tolerances::sum(2 * each.window_elements())) <= 1); // of 48000 values, one accumulator each
  REQUIRE(worst_error(bench.download(dx), expected.dx, tolerances::sum(49 * each.out)) <= 1);
  REQUIRE(worst_error(in_rows(bench.download(dweight), each.out), expected.dweight, tolerances::sum(with.dy.rows)) <=
          1);
}

TEST_CASE("a NaN of an image reaches the outputs whose windows lie over it, and no others") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const image_case each{2, 5, 6, {6, 6}, {.kernel_size = 3, .padding = 1}};
  auto x = bench.normal(72, 5);
  x(36 + 6 * 2 + 3, 4) = std::nan(""); // row 2, column 3 of the second image
  auto y = bench.zeros({2, 6, 6, 6});
  const auto on_x = bench.upload(x, {2, 6, 6, 5}), weight = bench.upload(bench.normal(6, 45), {6, 3, 3, 5});
  bench.ops().conv2d(bench.on(), {.x = on_x, .weight = weight, .bias = nullptr, .y = y, .window = each.window});
  const auto got = bench.download(y);
  for (std::int64_t r = 0; r < 72; ++r) {
    const auto row = (r - 36) / 6, column = (r - 36) % 6;
    const bool is_near = r >= 36 && row >= 1 && row <= 3 && column >= 2 && column <= 4;
    for (std::int64_t o = 0; o < 6; ++o) REQUIRE(std::isnan(got(r, o)) == is_near);
  }
}

TEST_CASE("a convolution of no images has no output, and gradients of zero") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const window2d window{.kernel_size = 3, .padding = 1};
  const auto x = make_tensor(bench.on(), {0, 5, 5, 4}), dy = make_tensor(bench.on(), {0, 5, 5, 6});
  const auto before = bench.normal(6, 36), bias_before = bench.normal(6, 1);
  const auto weight = bench.upload(before, {6, 3, 3, 4});
  auto y = make_tensor(bench.on(), {0, 5, 5, 6}), dx = make_tensor(bench.on(), {0, 5, 5, 4}),
       dweight = bench.upload(before, {6, 3, 3, 4}), dbias = bench.upload(bias_before, {6});
  bench.ops().conv2d(bench.on(), {.x = x, .weight = weight, .bias = nullptr, .y = y, .window = window});
  const auto backward = [&](bool accumulate) {
    bench.ops().conv2d_backward(bench.on(), {.dy = dy,
                                             .x = x,
                                             .weight = weight,
                                             .window = window,
                                             .dx = &dx,
                                             .dweight = &dweight,
                                             .dbias = &dbias,
                                             .accumulate = accumulate});
  };
  backward(true);
  REQUIRE(in_rows(bench.download(dweight), 6) == before);
  REQUIRE(bench.download(dbias) == bias_before);
  backward(false);
  REQUIRE(in_rows(bench.download(dweight), 6) == matrix(6, 36));
  REQUIRE(bench.download(dbias) == matrix(6, 1));
}
