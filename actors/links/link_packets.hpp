// What links send over a network, and how CAF writes it: with 0.18 and later, `inspect` reads differently, and this is
// the only place where it is written.
//
// CAF sends no floating point number as it is, and takes a sequence to be as long as the other end claims: so there is
// neither in a packet.
#pragma once

#include "actors/links/chunk_bytes.hpp"
#include "actors/links/link_protocol.hpp"

#include <caf/all.hpp>

namespace syngrad {

struct chunk_packet {
  chunk_label label;
  std::uint64_t sum = 0; // chunk_sum over the bytes
  chunk_bytes bytes;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, chunk_label& x) {
  return f(caf::meta::type_name("chunk_label"), x.session, x.sequence, x.round);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, chunk_packet& x) {
  return f(caf::meta::type_name("chunk_packet"), x.label, x.sum, x.bytes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_receipt& x) {
  return f(caf::meta::type_name("link_receipt"), x.session, x.next, x.credit, x.again, x.round);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_probe& x) {
  return f(caf::meta::type_name("link_probe"), x.session, x.next, x.round);
}

} // namespace syngrad

CAF_BEGIN_TYPE_ID_BLOCK(syngrad_links, first_custom_type_id + 100)
CAF_ADD_TYPE_ID(syngrad_links, (syngrad::chunk_packet))
CAF_ADD_TYPE_ID(syngrad_links, (syngrad::link_receipt))
CAF_ADD_TYPE_ID(syngrad_links, (syngrad::link_probe))
CAF_END_TYPE_ID_BLOCK(syngrad_links)

namespace syngrad {

// Every actor system with links needs this.
inline void add_link_packets(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::syngrad_links>();
}

} // namespace syngrad
