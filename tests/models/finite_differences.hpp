// Compares a gradient with central differences of the function that it belongs to.
#pragma once

#include "tests/models/bench.hpp"
#include "tests/models/tolerances.hpp"

namespace syngrad {

// `loss()` is computed from `at`, whose elements are moved one at a time and put back. Where the slopes to the two
// sides differ there is a kink (of a max(0, .)) in between, which moves the central difference by half of that: such an
// element is left out; few may be.
template <class Loss>
void check_gradient(std::span<float> at, std::span<const float> gradient, Loss loss) {
  REQUIRE(at.size() == gradient.size());
  constexpr float step = 2e-3f; // wide enough for rounding to stay small, small enough to meet few kinks
  const auto scale = std::max(norm(gradient) / std::sqrt(static_cast<double>(gradient.size())), 1e-3);
  const auto middle = loss();
  std::size_t kinks = 0;
  double worst = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto x = at[i];
    const auto slope_to = [&](float moved) {
      at[i] = moved;
      const auto slope = (loss() - middle) / (double{moved} - x);
      at[i] = x;
      return slope;
    };
    const auto right = slope_to(x + step), left = slope_to(x - step);
    if (std::abs(right - left) > 1.5 * tolerance::differences * scale)
      ++kinks;
    else
      worst = std::max(worst, std::abs((right + left) / 2 - gradient[i]) / scale);
  }
  CHECK(worst < tolerance::differences);
  CHECK(kinks <= 2 + at.size() / 10);
}

// sum of weights * values, in double precision: a loss whose gradient is `weights`.
inline double weighted_sum(const tensor& of, const tensor& weights) {
  double sum = 0;
  for (std::int64_t i = 0; i < of.elements(); ++i) sum += double{of.f32()[i]} * weights.f32()[i];
  return sum;
}

} // namespace syngrad
