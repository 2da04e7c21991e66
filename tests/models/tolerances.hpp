// How far results may be from what they are compared with, and why.
#pragma once

namespace syngrad::tolerance {

// Sums of a few hundred f32 products in another order: some 1e-7 a product, with cancellation.
constexpr double products = 1e-4;
// Central differences in f32, relative to the gradient's root mean square: rounding of some 1e-6 in the function over
// a step of 2e-3, and the curvature that a step meets.
constexpr double differences = 1e-2;
// Formulas of a few f32 operations, among them a root and a quotient.
constexpr double formula = 1e-6;
// Adam's second moment: 1 - beta2 has only the digits that 0.999 leaves it in f32.
constexpr double second_moment = 5e-5;
// Solves in f32 of systems whose condition is at most 1e3 (the ridge sees to it), against double precision.
constexpr double solve = 2e-3;

} // namespace syngrad::tolerance
