#include "tests/runtime/device_under_test.hpp"

#include <map>
#include <numeric>
#include <set>

using namespace syngrad;
using reference::matrix;

namespace {

// min(1, c q) with the sum `wanted`, by bisection for c.
std::vector<double> probabilities(const matrix& gradient, std::int64_t samples, std::int64_t wanted, double by_length) {
  const auto of_sample = static_cast<std::int64_t>(gradient.at.size()) / samples;
  std::vector<double> share(static_cast<std::size_t>(samples));
  double total = 0;
  for (std::int64_t i = 0; i < samples; ++i) {
    double sum = 0;
    for (std::int64_t e = i * of_sample; e < (i + 1) * of_sample; ++e)
      sum += gradient.at[static_cast<std::size_t>(e)] * gradient.at[static_cast<std::size_t>(e)];
    total += share[static_cast<std::size_t>(i)] = std::sqrt(sum);
  }
  for (auto& each : share) each = (1 - by_length) / static_cast<double>(samples) + by_length * each / total;
  double low = 0, high = 1e9;
  const auto at = [&](double c) {
    double sum = 0;
    for (const auto each : share) sum += std::min(1.0, c * each);
    return sum;
  };
  for (int i = 0; i < 200; ++i) (at((low + high) / 2) < static_cast<double>(wanted) ? low : high) = (low + high) / 2;
  for (auto& each : share) each = std::min(1.0, low * each);
  return share;
}

struct drawn_samples {
  std::vector<std::int64_t> numbers;
  std::vector<double> weights;
};

drawn_samples draw(device_under_test& bench, const matrix* gradient, std::int64_t samples, std::int64_t wanted,
                   double by_length, double start) {
  auto numbers = bench.upload(std::vector<std::int32_t>(static_cast<std::size_t>(wanted), -1));
  auto weights = bench.zeros({wanted});
  const auto uploaded = gradient ? bench.upload(*gradient) : tensor();
  bench.ops().choose_samples(bench.on(), {gradient ? &uploaded : nullptr, by_length, start, samples, numbers, weights});
  // Whole numbers that are small come back as floats once they are some.
  const auto table = [&] {
    matrix all(samples, 1);
    for (std::int64_t i = 0; i < samples; ++i) all(i, 0) = static_cast<double>(i);
    return all;
  }();
  auto picked = bench.zeros({wanted, 1});
  bench.ops().gather_rows(bench.on(), bench.upload(table), numbers, 1, picked);
  drawn_samples out;
  const auto got = bench.download(picked), of = bench.download(weights);
  for (std::int64_t i = 0; i < wanted; ++i) {
    out.numbers.push_back(static_cast<std::int64_t>(got(i, 0)));
    out.weights.push_back(of.at[static_cast<std::size_t>(i)]);
  }
  return out;
}

} // namespace

TEST_CASE("each sample is chosen as often as its probability says, and weighs its inverse") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t samples = 23, positions = GENERATE(1, 3), wanted = GENERATE(1, 7, 22);
  auto gradient = bench.normal(samples * positions, 5);
  for (std::int64_t e = 0; e < positions * 5; ++e) gradient.at[static_cast<std::size_t>(e)] *= 40; // certain, or nearly
  const double by_length = GENERATE(0.0, 0.7);
  CAPTURE(positions, wanted, by_length);
  const auto expected = probabilities(gradient, samples, wanted, by_length);
  // Over evenly spread starts each is chosen in its share of them, to one start at either end.
  constexpr int starts = 500;
  std::map<std::int64_t, int> often;
  for (int i = 0; i < starts; ++i) {
    const auto got = draw(bench, &gradient, samples, wanted, by_length, (i + 0.5) / starts);
    REQUIRE(std::is_sorted(got.numbers.begin(), got.numbers.end()));
    REQUIRE(std::set(got.numbers.begin(), got.numbers.end()).size() == static_cast<std::size_t>(wanted));
    for (std::size_t at = 0; at < got.numbers.size(); ++at) {
      ++often[got.numbers[at]];
      REQUIRE(got.weights[at] == Approx(1 / expected[static_cast<std::size_t>(got.numbers[at])]).epsilon(1e-5));
    }
  }
  for (std::int64_t i = 0; i < samples; ++i)
    REQUIRE(std::abs(often[i] - starts * expected[static_cast<std::size_t>(i)]) <= 2);
}

TEST_CASE("without lengths, and with lengths that are zero or not finite, all samples are alike") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto gradient = matrix(12, 2);
  const auto bad = GENERATE(0.0, std::nan(""), std::numeric_limits<double>::infinity());
  gradient(3, 1) = bad;
  const auto plain = draw(bench, nullptr, 12, 4, 0.7, 0.6);
  const auto got = draw(bench, &gradient, 12, 4, 0.7, 0.6);
  REQUIRE(plain.numbers == std::vector<std::int64_t>{1, 4, 7, 10});
  REQUIRE(plain.weights == std::vector<double>(4, 3));
  REQUIRE(got.numbers == plain.numbers);
  REQUIRE(got.weights == plain.weights);
}

TEST_CASE("all of a batch are chosen with weight 1, and a sample that has all the length is certain") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto gradient = bench.normal(6, 4);
  const auto all = draw(bench, &gradient, 6, 6, 0.7, 0.999999);
  REQUIRE(all.numbers == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
  REQUIRE(all.weights == std::vector<double>(6, 1));
  auto one = matrix(64, 1);
  one(17, 0) = 3;
  for (const auto start : {0.0, 0.3, 0.9999999}) {
    const auto got = draw(bench, &one, 64, 8, 0.7, start);
    const auto at = std::find(got.numbers.begin(), got.numbers.end(), 17) - got.numbers.begin();
    REQUIRE(got.weights.at(static_cast<std::size_t>(at)) == 1);
  }
}

TEST_CASE("samples are gathered bit for bit, of any type") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto x = bench.normal(9, 6);
  const auto numbers = bench.upload(std::vector<std::int32_t>{0, 2, 8});
  auto rows = bench.zeros({3, 6}), pairs = bench.zeros({6, 3});
  bench.ops().gather_samples(bench.on(), bench.upload(x), numbers, rows);
  bench.ops().gather_samples(bench.on(), bench.upload(x, {18, 3}), numbers, pairs); // two rows to a sample
  const auto got = bench.download(rows), of_pairs = bench.download(pairs);
  REQUIRE(got.at == of_pairs.at);
  const std::int64_t from[] = {0, 2, 8};
  for (std::int64_t r = 0; r < 3; ++r)
    for (std::int64_t c = 0; c < 6; ++c) REQUIRE(got(r, c) == x(from[r], c));

  // Small whole numbers are denormal floats, which arithmetic would flush.
  const auto labels = bench.upload(std::vector<std::int32_t>{5, 1, 7, 1, 4, 1, 1, 1, 3});
  auto gathered = make_tensor(bench.on(), {3}, dtype::i32);
  bench.ops().gather_samples(bench.on(), labels, numbers, gathered);
  auto table = matrix(8, 1);
  for (std::int64_t i = 0; i < 8; ++i) table(i, 0) = static_cast<double>(i);
  auto as_floats = bench.zeros({3, 1});
  bench.ops().gather_rows(bench.on(), bench.upload(table), gathered, 1, as_floats);
  REQUIRE(bench.download(as_floats).at == std::vector<double>{5, 7, 3});

  std::vector<std::uint8_t> mask(27);
  std::iota(mask.begin(), mask.end(), std::uint8_t{100});
  auto masks = make_tensor(bench.on(), {3, 3}, dtype::u8);
  bench.ops().gather_samples(bench.on(), bench.upload(mask, {9, 3}), numbers, masks);
  auto masks_as_floats = bench.zeros({3, 3});
  bench.ops().gather_rows(bench.on(), masks, bench.upload(std::vector<std::int32_t>{0, 1, 2}), 1, masks_as_floats);
  REQUIRE(bench.download(masks_as_floats).at == std::vector<double>{100, 101, 102, 106, 107, 108, 124, 125, 126});
}

TEST_CASE("batch normalisation over some samples takes its means of the weighted rows, over the whole batch's count") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true), accumulate = GENERATE(false, true);
  const std::int64_t batch = 14, columns = 9, of_sample = 2;
  const auto x = bench.normal(batch, columns), gamma = bench.normal(1, columns), beta = bench.normal(1, columns),
             before = bench.normal(columns, 1);
  auto y = bench.zeros({batch, columns}), saved = bench.zeros({2, columns}), mean = bench.zeros({columns}),
       variance = bench.zeros({columns});
  const auto on_gamma = bench.upload(gamma);
  bench.ops().batch_norm(bench.on(),
                         {bench.upload(x), on_gamma, bench.upload(beta), y, mean, variance, &saved, 0.1f, 1e-5f, relu});
  const std::vector<std::int32_t> numbers{1, 3, 6};
  const std::vector<double> weights{1, 2.5, 4};
  const auto on_numbers = bench.upload(numbers);
  auto part_x = bench.zeros({6, columns}), part_y = bench.zeros({6, columns});
  bench.ops().gather_samples(bench.on(), bench.upload(x), on_numbers, part_x);
  bench.ops().gather_samples(bench.on(), y, on_numbers, part_y);
  const auto dy = bench.normal(6, columns);
  matrix factors(3, 1);
  factors.at = weights;
  const auto on_weights = bench.upload(factors, {3});
  auto dx = bench.zeros({6, columns}), dgamma = bench.upload(before), dbeta = bench.upload(before);
  bench.ops().batch_norm_backward(bench.on(), {.dy = bench.upload(dy),
                                               .x = part_x,
                                               .y = part_y,
                                               .gamma = on_gamma,
                                               .saved = saved,
                                               .dx = &dx,
                                               .dgamma = &dgamma,
                                               .dbeta = &dbeta,
                                               .accumulate = accumulate,
                                               .relu = relu,
                                               .weights = &on_weights,
                                               .batch_rows = batch});
  const auto with = reference::statistics(x);
  const auto seen_x = bench.download(part_x), seen_y = bench.download(part_y);
  matrix expected(6, columns), of_gamma(columns, 1), of_beta(columns, 1);
  for (std::int64_t c = 0; c < columns; ++c) {
    const auto inverse = 1 / std::sqrt(with.variance[static_cast<std::size_t>(c)] + 1e-5);
    const auto above = [&](std::int64_t r) { return relu && seen_y(r, c) == 0 ? 0 : dy(r, c); };
    const auto normal = [&](std::int64_t r) {
      return (seen_x(r, c) - with.mean[static_cast<std::size_t>(c)]) * inverse;
    };
    double sum = 0, products = 0;
    for (std::int64_t r = 0; r < 6; ++r) {
      sum += above(r);
      products += above(r) * normal(r);
    }
    of_gamma(c, 0) = products + (accumulate ? before(c, 0) : 0);
    of_beta(c, 0) = sum + (accumulate ? before(c, 0) : 0);
    for (std::int64_t r = 0; r < 6; ++r) {
      const auto means = sum / batch + normal(r) * products / batch;
      expected(r, c) = gamma(0, c) * inverse * (above(r) - weights[static_cast<std::size_t>(r / of_sample)] * means);
    }
  }
  REQUIRE(worst_error(bench.download(dx), expected, tolerances::batch_norm_gradient) <= 1);
  REQUIRE(worst_error(bench.download(dgamma), of_gamma, tolerances::batch_norm_gradient) <= 1);
  REQUIRE(worst_error(bench.download(dbeta), of_beta, tolerances::batch_norm_gradient) <= 1);
}
