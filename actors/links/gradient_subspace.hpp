// Gradients as two thin factors (`--wire rank:R`): G [rows, columns] travels as A = G V [rows, r] and V' [r, columns],
// with V orthonormal, and comes back as A V', the part of G in the subspace of V. Gradients of one interface lie close
// to a subspace of few dimensions, which moves slowly: V follows the largest right singular vectors by one step of
// subspace iteration a message, V <- orth(G' G V), and is turned so that its first columns carry the most (Rayleigh and
// Ritz). Each message carries its own V, so that the other end needs no memory of those before.
//
// Belongs to one outgoing link, on its thread. The same tensors in the same order give the same bits.
#pragma once

#include "actors/links/wire_format.hpp"
#include "runtime/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace syngrad {

class gradient_subspace {
public:
  explicit gradient_subspace(wire_rank how) : how_(how) {}

  // Finds the factors of a gradient, whose elements will travel in a format. False where the tensor has to travel
  // whole: it is zero or not finite, automatic factors would lose too much, or factors would take no fewer bytes.
  bool factor(const float* gradient, const shape& extents, wire_format elements);

  // Of the last one, until the next.
  std::int64_t rank() const { return rank_; }
  // `out` has factor_bytes() of room, at any address. Returns what share of its squared norm the gradient loses on the
  // way, with the rounding of the format.
  double to_wire(const float* gradient, const shape& extents, wire_format elements, char* out);

private:
  void begin(std::int64_t columns);
  void multiply(const float* gradient); // products_ = G basis_
  void iterate(const float* gradient);  // basis_ = orth(G' products_)
  void orthonormalise();
  void turn(); // basis_ and products_, so that the first columns carry the most; energies_

  wire_rank how_;
  std::int64_t rows_ = 0, columns_ = 0, tracked_ = 0, rank_ = 0;
  std::vector<float> basis_;    // V [columns, tracked]
  std::vector<float> products_; // A [rows, tracked]
  std::vector<float> next_;     // as basis_
  std::vector<double> gram_, turn_, sorted_, energies_;
  std::vector<std::int64_t> order_;
  std::vector<float> left_, right_; // A [rows, rank], V' [rank, columns]
  std::vector<float> back_, back_factors_;
};

// Of a tensor with so many rows and columns in factors of that rank.
std::size_t factor_bytes(const shape& extents, std::int64_t rank, wire_format elements);
// `in` holds those bytes; `factors` is used again.
void factors_from_wire(const char* in, const shape& extents, std::int64_t rank, wire_format elements,
                       std::vector<float>& factors, float* values);

} // namespace syngrad
