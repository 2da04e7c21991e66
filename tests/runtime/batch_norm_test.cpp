#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

constexpr double epsilon = 1e-5;

struct normalised {
  tensor y, saved, running_mean, running_variance;
};

normalised train(device_under_test& bench, const matrix& x, const matrix& gamma, const matrix& beta, bool relu) {
  const auto columns = x.columns;
  normalised out{bench.zeros({x.rows, columns}), bench.zeros({2, columns}), bench.zeros({columns}),
                 bench.upload(matrix(columns, 1, 1), {columns})};
  bench.ops().batch_norm(bench.on(), {bench.upload(x), bench.upload(gamma), bench.upload(beta), out.y, out.running_mean,
                                      out.running_variance, &out.saved, 0.1f, 1e-5f, relu});
  return out;
}

std::vector<extent> training_shapes() {
  auto shapes = awkward_shapes();
  std::erase_if(shapes, [](const extent& each) { return each.rows < 3; }); // two rows differ by their sign only
  return shapes;
}

matrix column(const std::vector<double>& values) {
  matrix out(1, static_cast<std::int64_t>(values.size()));
  out.at = values;
  return out;
}

} // namespace

TEST_CASE("batch normalisation of a training batch equals the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true);
  for (const auto& [rows, columns] : training_shapes()) {
    CAPTURE(relu, rows, columns);
    const auto x = bench.normal(rows, columns), gamma = bench.normal(1, columns), beta = bench.normal(1, columns);
    const auto got = train(bench, x, gamma, beta, relu);
    const auto with = reference::statistics(x);
    const auto expected = reference::batch_norm(x, with, gamma, beta, epsilon, relu);
    REQUIRE(worst_error(bench.download(got.y), expected, tolerances::batch_norm) <= 1);

    matrix saved(2, columns), running_variance(1, columns);
    auto running_mean = column(with.mean);
    const auto unbiased = static_cast<double>(rows) / static_cast<double>(rows - 1);
    for (std::int64_t c = 0; c < columns; ++c) {
      saved(0, c) = with.mean[c];
      saved(1, c) = 1 / std::sqrt(with.variance[c] + epsilon);
      running_mean(0, c) *= 0.1;
      running_variance(0, c) = 0.9 + 0.1 * with.variance[c] * unbiased;
    }
    REQUIRE(worst_error(bench.download(got.saved), saved, tolerances::batch_norm) <= 1);
    running_mean.rows = columns, running_mean.columns = 1; // a vector comes back as a column
    running_variance.rows = columns, running_variance.columns = 1;
    REQUIRE(worst_error(bench.download(got.running_mean), running_mean, tolerances::batch_norm) <= 1);
    REQUIRE(worst_error(bench.download(got.running_variance), running_variance, tolerances::batch_norm) <= 1);
  }
}

TEST_CASE("batch normalisation in evaluation uses the running statistics and changes nothing") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(relu, rows, columns);
    const auto x = bench.normal(rows, columns), gamma = bench.normal(1, columns), beta = bench.normal(1, columns);
    auto mean = bench.normal(1, columns), variance = bench.normal(1, columns);
    for (auto& each : variance.at) each = static_cast<double>(static_cast<float>(0.5 + each * each));
    auto y = bench.zeros({rows, columns}), running_mean = bench.upload(mean), running_variance = bench.upload(variance);
    bench.ops().batch_norm(bench.on(), {bench.upload(x), bench.upload(gamma), bench.upload(beta), y, running_mean,
                                        running_variance, nullptr, 0.1f, 1e-5f, relu});
    const auto expected = reference::batch_norm(x, {mean.at, variance.at}, gamma, beta, epsilon, relu);
    REQUIRE(worst_error(bench.download(y), expected, tolerances::batch_norm) <= 1);
    REQUIRE(bench.download(running_mean) == mean);
    REQUIRE(bench.download(running_variance) == variance);
  }
}

TEST_CASE("the variance survives a mean that is ten thousand times larger") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto x = bench.normal(256, 40);
  for (auto& each : x.at) each = static_cast<double>(static_cast<float>(each + 10000));
  const auto got = train(bench, x, matrix(1, 40, 1), matrix(1, 40, 0), false);
  const auto with = reference::statistics(x);
  const auto saved = bench.download(got.saved);
  for (std::int64_t c = 0; c < 40; ++c)
    REQUIRE(saved(1, c) == Approx(1 / std::sqrt(with.variance[c] + epsilon)).epsilon(1e-4));
}

// The positions of a batch of images. The first row, from which moments are counted, lies far from the others.
TEST_CASE("statistics and gradients over tens of thousands of rows lose no digits") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t rows = 50001, columns = 3;
  auto x = bench.normal(rows, columns);
  for (std::int64_t c = 0; c < columns; ++c) x(0, c) = 6 + static_cast<double>(c);
  const auto gamma = bench.normal(1, columns), beta = bench.normal(1, columns), dy = bench.normal(rows, columns);
  const auto got = train(bench, x, gamma, beta, true);
  const auto with = reference::statistics(x);
  const auto saved = bench.download(got.saved);
  for (std::int64_t c = 0; c < columns; ++c) {
    REQUIRE(saved(0, c) == Approx(with.mean[static_cast<std::size_t>(c)]).margin(1e-5));
    REQUIRE(saved(1, c) == Approx(1 / std::sqrt(with.variance[static_cast<std::size_t>(c)] + epsilon)).epsilon(1e-5));
  }
  REQUIRE(
    worst_error(bench.download(got.y), reference::batch_norm(x, with, gamma, beta, epsilon, true), {5e-5, 5e-5}) <= 1);

  auto dx = bench.zeros({rows, columns}), dgamma = bench.zeros({columns}), dbeta = bench.zeros({columns});
  bench.ops().batch_norm_backward(bench.on(), {bench.upload(dy), bench.upload(x), got.y, bench.upload(gamma), got.saved,
                                               &dx, &dgamma, &dbeta, false, true});
  auto expected = reference::batch_norm_backward(dy, x, bench.download(got.y), gamma, epsilon, true);
  expected.dgamma = transposed(expected.dgamma), expected.dbeta = transposed(expected.dbeta);
  REQUIRE(worst_error(bench.download(dx), expected.dx, tolerances::batch_norm_gradient) <= 1);
  REQUIRE(worst_error(bench.download(dgamma), expected.dgamma, {2e-3, 1e-4}) <= 1); // of sums of some 200
  REQUIRE(worst_error(bench.download(dbeta), expected.dbeta, {2e-3, 1e-4}) <= 1);
}

TEST_CASE("one row normalises to beta and moves the running variance by a spread of zero") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto beta = bench.normal(1, 9);
  const auto got = train(bench, bench.normal(1, 9), bench.normal(1, 9), beta, false);
  REQUIRE(bench.download(got.y) == beta);
  REQUIRE(worst_error(bench.download(got.running_variance), matrix(9, 1, 0.9), tolerances::elementwise) <= 1);
}

TEST_CASE("a NaN in a batch reaches its column's outputs, also through the relu") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true);
  auto x = bench.normal(8, 20);
  x(3, 11) = std::nan("");
  const auto y = bench.download(train(bench, x, matrix(1, 20, 1), matrix(1, 20, 0), relu).y);
  REQUIRE(std::isnan(y(0, 11)));
  REQUIRE(std::isnan(y(7, 11)));
  REQUIRE(std::isfinite(y(3, 10)));
}

TEST_CASE("the gradients of batch normalisation equal the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true), accumulate = GENERATE(false, true);
  for (const auto& [rows, columns] : training_shapes()) {
    CAPTURE(relu, accumulate, rows, columns);
    const auto x = bench.normal(rows, columns), gamma = bench.normal(1, columns), beta = bench.normal(1, columns),
               dy = bench.normal(rows, columns), before = bench.normal(columns, 1);
    const auto forward = train(bench, x, gamma, beta, relu);
    auto dx = bench.zeros({rows, columns}), dgamma = bench.upload(before), dbeta = bench.upload(before);
    bench.ops().batch_norm_backward(bench.on(), {bench.upload(dy), bench.upload(x), forward.y, bench.upload(gamma),
                                                 forward.saved, &dx, &dgamma, &dbeta, accumulate, relu});
    auto expected = reference::batch_norm_backward(dy, x, bench.download(forward.y), gamma, epsilon, relu);
    expected.dgamma = transposed(expected.dgamma), expected.dbeta = transposed(expected.dbeta);
    if (accumulate)
      for (std::size_t c = 0; c < before.at.size(); ++c) {
        expected.dgamma.at[c] += before.at[c];
        expected.dbeta.at[c] += before.at[c];
      }
    REQUIRE(worst_error(bench.download(dx), expected.dx, tolerances::batch_norm_gradient) <= 1);
    REQUIRE(worst_error(bench.download(dgamma), expected.dgamma, tolerances::batch_norm_gradient) <= 1);
    REQUIRE(worst_error(bench.download(dbeta), expected.dbeta, tolerances::batch_norm_gradient) <= 1);
  }
}

TEST_CASE("only the gradients that are asked for are written") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto x = bench.normal(12, 7), gamma = bench.normal(1, 7), beta = bench.normal(1, 7), dy = bench.normal(12, 7);
  const auto forward = train(bench, x, gamma, beta, true);
  const auto on_x = bench.upload(x), on_dy = bench.upload(dy), on_gamma = bench.upload(gamma);
  auto dx = bench.zeros({12, 7}), other_dx = bench.zeros({12, 7}), dgamma = bench.zeros({7}), dbeta = bench.zeros({7}),
       other_dgamma = bench.zeros({7}), other_dbeta = bench.zeros({7});
  auto& ops = bench.ops();
  ops.batch_norm_backward(bench.on(),
                          {on_dy, on_x, forward.y, on_gamma, forward.saved, &dx, &dgamma, &dbeta, false, true});
  ops.batch_norm_backward(bench.on(),
                          {on_dy, on_x, forward.y, on_gamma, forward.saved, &other_dx, nullptr, nullptr, false, true});
  ops.batch_norm_backward(
    bench.on(), {on_dy, on_x, forward.y, on_gamma, forward.saved, nullptr, &other_dgamma, &other_dbeta, false, true});
  REQUIRE(bench.download(dx) == bench.download(other_dx));
  REQUIRE(bench.download(dgamma) == bench.download(other_dgamma));
  REQUIRE(bench.download(dbeta) == bench.download(other_dbeta));
}

TEST_CASE("the gradients of batch normalisation equal finite differences") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true);
  for (const auto& [rows, columns] : {extent{4, 3}, extent{17, 5}, extent{9, 33}}) {
    CAPTURE(relu, rows, columns);
    const auto x = bench.normal(rows, columns), gamma = bench.normal(1, columns), beta = bench.normal(1, columns),
               weights = bench.normal(rows, columns); // the loss is the weighted sum of the outputs
    const auto forward = train(bench, x, gamma, beta, relu);
    auto dx = bench.zeros({rows, columns}), dgamma = bench.zeros({1, columns}), dbeta = bench.zeros({1, columns});
    bench.ops().batch_norm_backward(bench.on(), {bench.upload(weights), bench.upload(x), forward.y, bench.upload(gamma),
                                                 forward.saved, &dx, &dgamma, &dbeta, false, relu});
    const auto loss = [&](const matrix& at_x, const matrix& at_gamma, const matrix& at_beta) {
      const auto y = reference::batch_norm(at_x, reference::statistics(at_x), at_gamma, at_beta, epsilon, relu);
      double sum = 0;
      for (std::size_t i = 0; i < y.at.size(); ++i) sum += weights.at[i] * y.at[i];
      return sum;
    };
    const auto differences = [](matrix at, auto of) {
      auto out = at;
      constexpr auto h = tolerances::difference_step;
      for (std::size_t i = 0; i < at.at.size(); ++i) {
        const auto middle = at.at[i];
        at.at[i] = middle + h;
        const auto above = of(at);
        at.at[i] = middle - h;
        out.at[i] = (above - of(at)) / (2 * h);
        at.at[i] = middle;
      }
      return out;
    };
    const auto by_x = differences(x, [&](const matrix& at) { return loss(at, gamma, beta); });
    const auto by_gamma = differences(gamma, [&](const matrix& at) { return loss(x, at, beta); });
    const auto by_beta = differences(beta, [&](const matrix& at) { return loss(x, gamma, at); });
    REQUIRE(worst_error(bench.download(dx), by_x, tolerances::finite_difference) <= 1);
    REQUIRE(worst_error(bench.download(dgamma), by_gamma, tolerances::finite_difference) <= 1);
    REQUIRE(worst_error(bench.download(dbeta), by_beta, tolerances::finite_difference) <= 1);
  }
}

TEST_CASE("running statistics of a feature move only where the batch's are finite") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto bad =
    GENERATE(std::nanf(""), std::numeric_limits<float>::infinity(), 1e25f); // the square of the last is not
  const auto momentum = GENERATE(0.1f, 0.0f);
  const std::int64_t rows = 6, columns = 1030; // more than one block of columns
  const std::vector<std::int64_t> spoilt = {0, 7, 1029};
  auto x = bench.normal(rows, columns);
  for (const auto column : spoilt) x(3, column) = double{bad};
  const auto mean = bench.normal(columns, 1);
  const matrix variance(columns, 1, 2);
  auto y = bench.zeros({rows, columns}), saved = bench.zeros({2, columns}),
       running_mean = bench.upload(mean, {columns}), running_variance = bench.upload(variance, {columns});
  bench.ops().batch_norm(bench.on(),
                         {bench.upload(x), bench.upload(matrix(1, columns, 1)), bench.upload(matrix(1, columns)), y,
                          running_mean, running_variance, &saved, momentum, 1e-5f, true});
  const auto moved_mean = bench.download(running_mean), moved_variance = bench.download(running_variance);
  std::int64_t kept = 0;
  for (std::int64_t c = 0; c < columns; ++c) {
    CAPTURE(c);
    REQUIRE(std::isfinite(moved_mean(c, 0)));
    REQUIRE(std::isfinite(moved_variance(c, 0)));
    kept += moved_mean(c, 0) == mean(c, 0) && moved_variance(c, 0) == variance(c, 0);
  }
  for (const auto column : spoilt) {
    REQUIRE(moved_mean(column, 0) == mean(column, 0));
    REQUIRE(moved_variance(column, 0) == variance(column, 0));
  }
  REQUIRE(kept == (momentum == 0 ? columns : static_cast<std::int64_t>(spoilt.size())));
}
