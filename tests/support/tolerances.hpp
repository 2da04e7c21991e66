// How far a result may be from its reference, and why. The references are in double, from the same float inputs.
#pragma once

#include <cstdint>

namespace syngrad::tolerances {

// A result passes within absolute + relative * |expected|.
struct tolerance {
  double absolute;
  double relative;
};

// Half a unit in the last place of a float, relative: what each rounding may add.
constexpr double rounding = 0x1.0p-24;

// Data is moved, not computed.
constexpr tolerance exact{0, 0};

// One or two roundings of values of order one.
constexpr tolerance elementwise{4 * rounding, 4 * rounding};

// A float sum of `terms` random products of order one: the partial sums grow with the root of the number of terms, and
// so does the number of roundings that do not cancel. Twice that covers the largest of some 10^5 compared values.
inline tolerance sum(std::int64_t terms) {
  return {rounding * (8 + 2 * static_cast<double>(terms)), 8 * rounding};
}

// Sums in double over float blocks of 4096, of values of one sign: relative to the result, and a block's own error.
constexpr tolerance blocked_sum{1e-4, 2e-5};

// Mean and variance over up to some hundred rows, their root and a division: a few sums after one another.
constexpr tolerance batch_norm{2e-5, 2e-5};

// Gradients through batch normalisation divide by the standard deviation and subtract sums of like size.
constexpr tolerance batch_norm_gradient{1e-4, 1e-4};

// The exponential of the C library is good to one unit; the sum and logarithm add a few.
constexpr tolerance softmax{2e-6, 2e-6};

// The tail of the normal distribution by a polynomial that is good to 1.5e-7, times values up to some ten.
constexpr tolerance gelu{2e-6, 2e-6};

// Scores are sums of up to some ten products, and their rounding is relative to what they exponentiate.
constexpr tolerance attention{4e-6, 4e-6};
// Sums over the context of products of those, several after one another.
constexpr tolerance attention_gradient{4e-5, 4e-5};
// A score of a thousand has a rounding of some 1e-4.
constexpr tolerance attention_of_large_scores{2e-3, 2e-3};

// The C library's pow and sqrt, then a few roundings relative to the step.
constexpr tolerance optimizer{2e-6, 2e-6};

// Central differences of a double function with step 1e-5: h^2 times the third derivative, plus cancellation.
constexpr double difference_step = 1e-5;
constexpr tolerance finite_difference{2e-4, 2e-4};

// Residual of a float Cholesky solve, relative to the right-hand side, for condition numbers up to some 1e3.
constexpr double solve_residual = 1e-4;

} // namespace syngrad::tolerances
