// How the elements of a tensor of floats travel between processes.
//
// | format | bytes of a row of n | what comes back                                                               |
// |--------|---------------------|-------------------------------------------------------------------------------|
// | f32    | 4n                  | bit for bit what was sent                                                     |
// | bf16   | 2n                  | to the nearest, ties to even: within 2^-8 of each value; NaN and Inf stay     |
// | int8   | 4 + n               | within scale/2, scale = max|row| / 127; a row with NaN or Inf comes as all NaN |
//
// A row of int8 whose scale would be a denormal number comes as zeros.
//
// Gradients may travel as two thin factors with elements in one of these formats: gradient_subspace.hpp.
#pragma once

#include "actors/wire_choice.hpp"
#include "runtime/shape.hpp"

#include <cstddef>

namespace syngrad {

// Of a tensor of floats.
std::size_t wire_bytes(const shape& extents, wire_format format);

// `out` has wire_bytes() of room, at any address.
void to_wire(const float* values, const shape& extents, wire_format format, char* out);
// `in` holds wire_bytes().
void from_wire(const char* in, const shape& extents, wire_format format, float* values);

// What both ends of a link are told alike.
struct link_options {
  wire_format activations = wire_format::f32;
  wire_format gradients = wire_format::f32;            // audited ones always travel as f32: they are a measure
  wire_rank gradient_rank = {};                        // not of audited ones
  std::size_t chunk_bytes = std::size_t{1} << 20;      // a message is cut into pieces of at most this
  std::size_t credit_bytes = std::size_t{64} << 20;    // on the way at once, sent and not yet acknowledged
  std::size_t message_limit = std::size_t{1025} << 20; // of one message on the wire: 1 GiB and what describes it

  void take(const wire_choice& wire) {
    activations = gradients = wire.elements;
    gradient_rank = wire.rank;
  }
};

} // namespace syngrad
