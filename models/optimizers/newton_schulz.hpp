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

double multiply_adds_of_orthogonal_factor(std::int64_t rows, std::int64_t columns);

} // namespace syngrad
