// What both ends of a link are told alike.
#pragma once

#include "actors/links/wire_format.hpp"

#include <cstddef>

namespace syngrad {

struct link_options {
  wire_format activations = wire_format::f32;
  wire_format gradients = wire_format::f32;            // audited ones always travel as f32: they are a measure
  std::size_t chunk_bytes = std::size_t{1} << 20;      // a message is cut into pieces of at most this
  std::size_t credit_bytes = std::size_t{64} << 20;    // on the way at once, sent and not yet acknowledged
  std::size_t message_limit = std::size_t{1025} << 20; // of one message on the wire: 1 GiB and what describes it
};

} // namespace syngrad
