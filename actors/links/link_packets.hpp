// What links send over a network, and how CAF writes it: with 0.18 and later, `inspect` reads differently, and here
// alone it is written.
//
// CAF sends no floating point number as it is, and takes a sequence to be as long as the other end claims: so there is
// neither in a packet.
#pragma once

#include "actors/links/link_protocol.hpp"
#include "actors/links/message_codec.hpp"

#include <caf/all.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace syngrad {

// The sum that a chunk carries, over its bytes and its number: whatever changes on the way, a chunk that is taken is
// the one that was sent. XXH3, 64 bits.
class chunk_sum {
public:
  chunk_sum();
  ~chunk_sum();

  void begin(std::uint64_t sequence);
  void add(const char* data, std::size_t count);
  std::uint64_t get() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

// The bytes of one chunk. Where it is sent they are a part of a message, which lies in several pieces and is written to
// the socket's buffer from there; where it arrives they are one block.
class chunk_bytes {
public:
  // No more is taken from a socket, whatever is claimed there; so chunks are not made larger either.
  static constexpr std::size_t largest = std::size_t{1} << 20;

  chunk_bytes() = default;
  chunk_bytes(std::shared_ptr<const encoded_frame> frame, std::size_t offset, std::size_t count)
    : frame_(std::move(frame)), offset_(offset), count_(count) {}

  std::size_t size() const { return count_; }

  template <class Take>
  void for_each_piece(Take&& take) const {
    if (frame_)
      frame_->for_each_piece(offset_, count_, take);
    else
      take(static_cast<const char*>(block_.get()), count_);
  }

  caf::error save(caf::serializer& sink) const {
    auto count = static_cast<std::uint32_t>(count_);
    auto failure = sink(count);
    for_each_piece([&](const char* data, std::size_t bytes) {
      if (!failure) failure = sink.apply_raw(bytes, const_cast<char*>(data)); // a serializer only reads it
    });
    return failure;
  }
  caf::error load(caf::deserializer& source) {
    std::uint32_t count = 0;
    if (auto failure = source(count)) return failure;
    if (count > largest) return caf::sec::invalid_argument;
    frame_.reset();
    offset_ = 0;
    count_ = count;
    block_ = std::make_shared_for_overwrite<char[]>(count);
    return source.apply_raw(count, block_.get());
  }

private:
  std::shared_ptr<const encoded_frame> frame_; // null where it arrived
  std::shared_ptr<char[]> block_;
  std::size_t offset_ = 0, count_ = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, chunk_bytes& x) {
  if constexpr (std::is_base_of_v<caf::serializer, Inspector>) {
    return x.save(f);
  } else if constexpr (std::is_base_of_v<caf::deserializer, Inspector>) {
    return x.load(f);
  } else {
    auto count = x.size();
    return f(count);
  }
}

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
