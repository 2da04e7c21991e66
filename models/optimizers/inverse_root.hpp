// The orthogonal factor of a matrix by the inverse root of its square, for several matrices that differ little: the
// root R [side, side] is made of one of them and kept,
//
//   R = (A + small I)^(-1/2), nearly, A = X X' of X = U / |U|, small = 1/1000;   the factor of a later one is R X
//
// on the smaller side, which for a tall matrix is X' X. R is a sum of two shifted inverses (Zolotarev's, fitted): of
// the X that it was made of, a singular value x ends within a fourteenth of x / sqrt(x^2 + small). What is small in one
// matrix is mostly noise that the next has in other directions, so it is best not made as large as the rest: on MNIST,
// twelve groups, every 5th step, 1,500 steps, 1/90,000 had 2.6 % of errors, 1/2,500 to 1/250 some 1.3 to 1.6. A zero
// matrix has a multiple of the identity for its root.
//
// All in f32, whatever the precision of products: what R makes large are the small parts of X.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "runtime/tensor.hpp"

namespace syngrad {

// The root of x / |x|, x [rows, columns]. It takes as long as some two and a half products of its size.
void write_inverse_root(stream&, const tensor& x, tensor& root);

// R x, which is yet to be divided by |x|, or by more, so that its norm is no larger than that of an orthogonal matrix,
// the square root of its side.
struct rooted {
  tensor product, squared_norm_of_x, squared_norm;
  direction_scale scaled_by(float factor) const;
};
rooted times_root(stream&, const tensor& x, const tensor& root);

double multiply_adds_of_inverse_root(std::int64_t rows, std::int64_t columns); // to write it
double multiply_adds_of_times_root(std::int64_t rows, std::int64_t columns);   // to use it

} // namespace syngrad
