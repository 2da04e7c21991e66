// The bytes of one chunk. Where it is sent they are a part of a message, which lies in several places and is written to
// the socket's buffer from there; where it arrives they are one block.
#pragma once

#include "actors/links/encoded_frame.hpp"

#include <caf/all.hpp>

#include <memory>
#include <type_traits>

namespace syngrad {

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

} // namespace syngrad
