// Gradients as factors: what comes back, how few columns are enough, and when the tensor travels whole.
#include "tests/support/catch.hpp"

#include "actors/links/gradient_subspace.hpp"
#include "runtime/random.hpp"

#include <cmath>
#include <limits>
#include <vector>

using namespace syngrad;

namespace {

// Columns that are orthonormal, [rows, columns].
std::vector<double> orthonormal(std::int64_t rows, std::int64_t columns, random_source& random) {
  std::vector<double> out(static_cast<std::size_t>(rows * columns));
  const auto at = [&](std::int64_t r, std::int64_t c) -> double& {
    return out[static_cast<std::size_t>(r * columns + c)];
  };
  for (auto& each : out) each = random.normal();
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t before = 0; before < c; ++before) {
      double along = 0;
      for (std::int64_t r = 0; r < rows; ++r) along += at(r, before) * at(r, c);
      for (std::int64_t r = 0; r < rows; ++r) at(r, c) -= along * at(r, before);
    }
    double squares = 0;
    for (std::int64_t r = 0; r < rows; ++r) squares += at(r, c) * at(r, c);
    for (std::int64_t r = 0; r < rows; ++r) at(r, c) /= std::sqrt(squares);
  }
  return out;
}

// Of those singular values.
std::vector<float> matrix_of(const std::vector<double>& left, const std::vector<double>& values,
                             const std::vector<double>& right, std::int64_t rows, std::int64_t columns) {
  const auto rank = values.size();
  std::vector<float> out;
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r)
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < rank; ++k) sum += left[r * rank + k] * values[k] * right[c * rank + k];
      out.push_back(static_cast<float>(sum));
    }
  return out;
}

std::vector<float> with_singular_values(const std::vector<double>& values, std::int64_t rows, std::int64_t columns,
                                        random_source& random) {
  const auto rank = static_cast<std::int64_t>(values.size());
  return matrix_of(orthonormal(rows, rank, random), values, orthonormal(columns, rank, random), rows, columns);
}

// What is lost of the squared norm, as the sender says and as the receiver has it.
struct outcome {
  double told = 0, found = 0;
};

outcome there_and_back(gradient_subspace& sender, const std::vector<float>& gradient, const shape& extents,
                       wire_format elements = wire_format::f32) {
  std::vector<char> wire(factor_bytes(extents, sender.rank(), elements) + 1);
  outcome out;
  out.told = sender.to_wire(gradient.data(), extents, elements, wire.data() + 1); // at an odd address
  std::vector<float> factors, back(gradient.size());
  factors_from_wire(wire.data() + 1, extents, sender.rank(), elements, factors, back.data());
  double whole = 0, missed = 0;
  for (std::size_t i = 0; i < back.size(); ++i) {
    whole += double{gradient[i]} * gradient[i];
    missed += (double{gradient[i]} - back[i]) * (double{gradient[i]} - back[i]);
  }
  out.found = missed / whole;
  return out;
}

} // namespace

TEST_CASE("a gradient of low rank comes back from factors of that rank, in any format, at any scale") {
  random_source random(1, 1);
  const shape extents{40, 56};
  for (const double scale : {1e-18, 1.0, 1e12})
    for (const auto& [elements, most] :
         {std::pair{wire_format::f32, 1e-11}, {wire_format::bf16, 1e-4}, {wire_format::int8, 1e-3}}) {
      CAPTURE(scale, name_of(elements));
      gradient_subspace sender({.columns = 3});
      const auto gradient = with_singular_values({3 * scale, 2 * scale, scale}, 40, 56, random);
      REQUIRE(sender.factor(gradient.data(), extents, elements));
      REQUIRE(sender.rank() == 3);
      const auto lost = there_and_back(sender, gradient, extents, elements);
      REQUIRE(lost.found < most);
      REQUIRE(lost.told == Approx(lost.found).margin(1e-13));
    }
}

TEST_CASE("automatic factors have as few columns as keep 99 % of the squared norm") {
  random_source random(2, 1);
  const shape extents{64, 48};
  std::vector<double> values;
  for (int k = 0; k < 20; ++k) values.push_back(std::pow(0.7, k));
  double whole = 0, kept = 0;
  for (const auto each : values) whole += each * each;
  std::int64_t expected = 0;
  for (; kept < 0.99 * whole; ++expected)
    kept += values[static_cast<std::size_t>(expected)] * values[static_cast<std::size_t>(expected)];
  gradient_subspace sender({.automatic = true});
  for (int message = 0; message < 3; ++message) { // each time another subspace, which one step must find again
    const auto gradient = with_singular_values(values, 64, 48, random);
    REQUIRE(sender.factor(gradient.data(), extents, wire_format::f32));
    CAPTURE(message);
    REQUIRE(sender.rank() >= expected);
    REQUIRE(sender.rank() <= expected + 2);
    REQUIRE(there_and_back(sender, gradient, extents).found <= 0.01);
  }
}

TEST_CASE("factors follow a subspace that turns from message to message, nearly as well as the best of their rank") {
  random_source random(3, 1);
  const std::int64_t rows = 50, columns = 60, rank = 6;
  const shape extents{rows, columns};
  const std::vector<double> values{8, 7, 6, 5, 4, 3, 0.5, 0.5, 0.5, 0.5};
  auto right = orthonormal(columns, 10, random);
  const auto turns_to = orthonormal(columns, 10, random);
  double whole = 0;
  for (const auto each : values) whole += each * each;
  gradient_subspace sender({.columns = rank});
  for (int message = 0; message < 30; ++message) {
    const auto left = orthonormal(rows, 10, random); // the samples are others each time
    for (std::size_t i = 0; i < right.size(); ++i) right[i] += 0.05 * turns_to[i];
    const auto gradient = matrix_of(left, values, right, rows, columns);
    REQUIRE(sender.factor(gradient.data(), extents, wire_format::f32));
    REQUIRE(sender.rank() == rank);
    REQUIRE(there_and_back(sender, gradient, extents).found < 1.5 * (4 * 0.25) / whole);
  }
}

TEST_CASE(
  "a gradient travels whole where it is zero, not finite or thin, and where factors keep too little or save nothing") {
  random_source random(4, 1);
  gradient_subspace some({.columns = 4}), automatic({.automatic = true});
  const auto whole = [](gradient_subspace& sender, const std::vector<float>& gradient, const shape& extents) {
    return !sender.factor(gradient.data(), extents, wire_format::f32);
  };
  auto gradient = with_singular_values({1}, 20, 30, random);
  REQUIRE_FALSE(whole(some, gradient, {20, 30}));
  REQUIRE_FALSE(whole(automatic, gradient, {20, 30}));
  REQUIRE(automatic.rank() == 1);
  REQUIRE(whole(some, std::vector<float>(600), {20, 30}));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    gradient[77] = bad;
    REQUIRE(whole(some, gradient, {20, 30}));
    REQUIRE(whole(automatic, gradient, {20, 30}));
  }
  REQUIRE(whole(some, std::vector<float>(30, 1), {1, 30}));
  REQUIRE(whole(some, std::vector<float>(30, 1), {30}));
  std::vector<float> noise;
  for (int i = 0; i < 600; ++i) noise.push_back(static_cast<float>(random.normal()));
  REQUIRE(whole(automatic, noise, {20, 30}));
  REQUIRE_FALSE(whole(some, noise, {20, 30})); // as many as were asked for
  REQUIRE(some.rank() == 4);
  gradient_subspace wide({.columns = 100});
  REQUIRE_FALSE(whole(wide, noise, {20, 30}));
  REQUIRE(wide.rank() == 11); // 12 * (20 + 30) numbers are no fewer than 600
}

TEST_CASE("fewer rows than columns are tracked give exact factors, and the same gradients the same bits") {
  random_source random(5, 1);
  gradient_subspace one({.columns = 8}), other({.columns = 8});
  for (const std::int64_t rows : {3, 40, 2}) { // as chosen samples may have it
    const shape extents{rows, 64};
    std::vector<float> gradient;
    for (std::int64_t i = 0; i < rows * 64; ++i) gradient.push_back(static_cast<float>(random.normal()));
    REQUIRE(one.factor(gradient.data(), extents, wire_format::f32));
    REQUIRE(other.factor(gradient.data(), extents, wire_format::f32));
    REQUIRE(one.rank() == std::min<std::int64_t>(rows - 1, 8)); // of all rows factors would be larger
    std::vector<char> first(factor_bytes(extents, one.rank(), wire_format::f32)), second(first.size());
    one.to_wire(gradient.data(), extents, wire_format::f32, first.data());
    other.to_wire(gradient.data(), extents, wire_format::f32, second.data());
    REQUIRE(first == second);
  }
}

TEST_CASE("what travels is named by a format, a rank, or both") {
  const auto parsed = [](const std::string& text) { return wire_choice::parse(text); };
  REQUIRE(parsed("int8")->elements == wire_format::int8);
  REQUIRE(parsed("int8")->rank.is_whole());
  REQUIRE(parsed("rank:8")->elements == wire_format::f32);
  REQUIRE(parsed("rank:8")->rank.columns == 8);
  REQUIRE(parsed("bf16,rank:auto")->elements == wire_format::bf16);
  REQUIRE(parsed("bf16,rank:auto")->rank.automatic);
  for (const auto* text :
       {"", "f16", "rank:0", "rank:257", "rank:some", "rank:", "bf16,", "bf16,int8", "rank:8,bf16"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parsed(text));
    REQUIRE(parsed(text).message().find("rank:auto") != std::string::npos);
  }
}
