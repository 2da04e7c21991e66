#include "tests/runtime/device_under_test.hpp"
#include "tests/runtime/transformer_reference.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

constexpr double layer_norm_epsilon = 1e-5;

// A row of one or two features normalises to its signs: its derivatives are those of rounding.
std::vector<extent> shapes_to_normalise() {
  auto shapes = awkward_shapes();
  std::erase_if(shapes, [](const extent& each) { return each.columns < 3; });
  return shapes;
}

matrix as_column(const matrix& row) {
  auto out = row;
  std::swap(out.rows, out.columns);
  return out;
}

} // namespace

TEST_CASE("layer normalisation equals the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : shapes_to_normalise()) {
    CAPTURE(rows, columns);
    const auto x = bench.normal(rows, columns), weight = bench.normal(1, columns), bias = bench.normal(1, columns);
    const auto w = bench.upload(weight), b = bench.upload(bias);
    auto y = bench.zeros({rows, columns}), saved = bench.zeros({2, rows}), without = bench.zeros({rows, columns});
    bench.ops().layer_norm(bench.on(), {.x = bench.upload(x), .weight = &w, .bias = &b, .y = y, .saved = &saved});
    bench.ops().layer_norm(bench.on(), {.x = bench.upload(x), .weight = &w, .bias = &b, .y = without});
    const auto expected = reference::layer_norm(x, weight, bias, layer_norm_epsilon);
    REQUIRE(worst_error(bench.download(y), expected.y, tolerances::batch_norm) <= 1);
    REQUIRE(bench.download(without) == bench.download(y));
    matrix statistics(2, rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      statistics(0, r) = expected.mean[static_cast<std::size_t>(r)];
      statistics(1, r) = expected.inverse[static_cast<std::size_t>(r)];
    }
    REQUIRE(worst_error(bench.download(saved), statistics, tolerances::batch_norm) <= 1);
  }
}

TEST_CASE("layer normalisation without weight and bias is the normalised row") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto x = bench.normal(7, 33), dy = bench.normal(7, 33);
  auto y = bench.zeros({7, 33}), saved = bench.zeros({2, 7}), dx = bench.zeros({7, 33});
  bench.ops().layer_norm(bench.on(), {.x = bench.upload(x), .y = y, .saved = &saved});
  bench.ops().layer_norm_backward(bench.on(),
                                  {.dy = bench.upload(dy), .x = bench.upload(x), .saved = saved, .dx = &dx});
  const matrix ones(1, 33, 1);
  const auto expected = reference::layer_norm(x, ones, matrix(1, 33), layer_norm_epsilon);
  REQUIRE(worst_error(bench.download(y), expected.normal, tolerances::batch_norm) <= 1);
  REQUIRE(worst_error(bench.download(dx), reference::layer_norm_backward(dy, x, ones, layer_norm_epsilon).dx,
                      tolerances::batch_norm_gradient) <= 1);
}

TEST_CASE("the variance of a row survives a mean that is ten thousand times larger") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto x = bench.normal(5, 300);
  for (auto& each : x.at) each = static_cast<double>(static_cast<float>(each + 10000));
  auto y = bench.zeros({5, 300}), saved = bench.zeros({2, 5});
  bench.ops().layer_norm(bench.on(), {.x = bench.upload(x), .y = y, .saved = &saved});
  const auto expected = reference::layer_norm(x, matrix(1, 300, 1), matrix(1, 300), layer_norm_epsilon);
  const auto got = bench.download(saved);
  for (std::int64_t r = 0; r < 5; ++r)
    REQUIRE(got(1, r) == Approx(expected.inverse[static_cast<std::size_t>(r)]).epsilon(1e-4));
}

TEST_CASE("a NaN reaches its own row alone") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto x = bench.normal(6, 20);
  x(3, 11) = std::nan("");
  auto y = bench.zeros({6, 20});
  bench.ops().layer_norm(bench.on(), {.x = bench.upload(x), .y = y});
  const auto got = bench.download(y);
  for (std::int64_t r = 0; r < 6; ++r)
    for (std::int64_t c = 0; c < 20; ++c) REQUIRE(std::isnan(got(r, c)) == (r == 3));
}

TEST_CASE("the gradients of layer normalisation equal the reference, overwritten or added") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool accumulate = GENERATE(false, true);
  for (const auto& [rows, columns] : shapes_to_normalise()) {
    CAPTURE(accumulate, rows, columns);
    const auto x = bench.normal(rows, columns), weight = bench.normal(1, columns), dy = bench.normal(rows, columns),
               before = bench.normal(columns, 1);
    const auto w = bench.upload(weight), b = bench.zeros({columns});
    auto y = bench.zeros({rows, columns}), saved = bench.zeros({2, rows}), dx = bench.zeros({rows, columns});
    auto dweight = bench.upload(before, {columns}), dbias = bench.upload(before, {columns});
    bench.ops().layer_norm(bench.on(), {.x = bench.upload(x), .weight = &w, .bias = &b, .y = y, .saved = &saved});
    bench.ops().layer_norm_backward(bench.on(), {.dy = bench.upload(dy),
                                                 .x = bench.upload(x),
                                                 .weight = &w,
                                                 .saved = saved,
                                                 .dx = &dx,
                                                 .dweight = &dweight,
                                                 .dbias = &dbias,
                                                 .accumulate = accumulate});
    const auto expected = reference::layer_norm_backward(dy, x, weight, layer_norm_epsilon);
    auto weights = as_column(expected.dweight), biases = as_column(expected.dbias);
    for (std::size_t i = 0; accumulate && i < before.at.size(); ++i) {
      weights.at[i] += before.at[i];
      biases.at[i] += before.at[i];
    }
    REQUIRE(worst_error(bench.download(dx), expected.dx, tolerances::batch_norm_gradient) <= 1);
    REQUIRE(worst_error(bench.download(dweight), weights, tolerances::batch_norm_gradient) <= 1);
    REQUIRE(worst_error(bench.download(dbias), biases, tolerances::sum(rows)) <= 1);

    auto alone = bench.zeros({rows, columns}), weights_alone = bench.upload(before, {columns}),
         biases_alone = bench.upload(before, {columns});
    bench.ops().layer_norm_backward(
      bench.on(), {.dy = bench.upload(dy), .x = bench.upload(x), .weight = &w, .saved = saved, .dx = &alone});
    bench.ops().layer_norm_backward(bench.on(), {.dy = bench.upload(dy),
                                                 .x = bench.upload(x),
                                                 .weight = &w,
                                                 .saved = saved,
                                                 .dweight = &weights_alone,
                                                 .dbias = &biases_alone,
                                                 .accumulate = accumulate});
    REQUIRE(bench.download(alone) == bench.download(dx));
    REQUIRE(bench.download(weights_alone) == bench.download(dweight));
    REQUIRE(bench.download(biases_alone) == bench.download(dbias));
  }
}
