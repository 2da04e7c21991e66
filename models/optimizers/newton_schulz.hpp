// The orthogonal factor of a matrix, nearly, by products alone: five steps of a Newton-Schulz iteration (Jordan et al.,
// Muon, 2024)
//
//   X <- X / |X|,   five times: A = X X',  X <- a X + (b A + c A A) X   with (a, b, c) = (3.4445, -4.7750, 2.0315)
//
// on the smaller side, which for a tall matrix is X' X. Singular values that are no smaller than some hundredths of the
// largest end between 0.7 and 1.2; a matrix of zeros stays one.
#pragma once

#include "runtime/device.hpp"
#include "runtime/tensor.hpp"

namespace syngrad {

// x [rows, columns] is overwritten.
tensor orthogonal_factor(stream&, tensor x);

// How many floats it needs beside x.
double floats_for_orthogonal_factor(std::int64_t rows, std::int64_t columns);

double multiply_adds_of_orthogonal_factor(std::int64_t rows, std::int64_t columns);

// ---- the same for several matrices that differ little: what the steps multiply X / |X| by is (a^5 I + Q), with a Q
// [side, side] that is kept

// X <- X / |X|
void divide_by_own_norm(stream&, tensor& x);

// Q of such an x. It takes 17 products of [side, side] and one of x.
void write_orthogonalizer(stream&, const tensor& x, tensor& q);

// (a^5 I + Q) X, on the smaller side. Of the x that Q was made of this is the orthogonal factor. Of any, the norm
// is bounded by that of an orthogonal matrix, the root of its side.
tensor orthogonalized(stream&, const tensor& x, const tensor& q);

// How many floats these two need beside x and q.
double floats_for_orthogonalizer(std::int64_t rows, std::int64_t columns);

double multiply_adds_of_orthogonalizer(std::int64_t rows, std::int64_t columns); // to write Q
double multiply_adds_of_orthogonalized(std::int64_t rows, std::int64_t columns); // to use it

} // namespace syngrad
