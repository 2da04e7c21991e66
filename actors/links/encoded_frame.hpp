// A message as the bytes that cross: pieces of memory one after the other, of which the elements of a tensor are one,
// where they lie. So nothing is copied before the bytes leave the process.
//
// Immutable once made, and shared between the actor that made it and whoever writes it to a socket.
#pragma once

#include "actors/links/link_message.hpp"
#include "actors/links/link_options.hpp"
#include "actors/links/recycled_bytes.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <array>
#include <memory>
#include <vector>

namespace syngrad {

class encoded_frame {
public:
  // Reads the tensors, which must lie in memory of the host and be ready. `scratch` is for formats other than f32.
  encoded_frame(link_message message, const link_options& options, recycled_bytes& scratch);

  std::size_t bytes() const { return bytes_; }
  std::size_t payload_bytes() const { return payload_bytes_; } // of its tensors and blocks of bytes, as they are here
  const message_context& context() const { return context_of(message_); }
  const link_message& message() const { return message_; }

  // Calls `take(data, count)` for each piece of the bytes from `offset` on.
  template <class Take>
  void for_each_piece(std::size_t offset, std::size_t count, Take&& take) const {
    for (std::size_t i = 0; i < piece_count_ && count > 0; ++i) {
      const auto& each = pieces_[i];
      if (offset >= each.count) {
        offset -= each.count;
        continue;
      }
      const auto now = std::min(count, each.count - offset);
      take(each.data + offset, now);
      offset = 0;
      count -= now;
    }
  }

private:
  class header_writer;
  struct piece {
    const char* data = nullptr;
    std::size_t count = 0;
  };
  void add_piece(const char* data, std::size_t count);

  link_message message_; // owns the tensors
  std::vector<char> head_;
  std::array<std::shared_ptr<char>, 2> converted_;
  std::array<piece, 3> pieces_{};
  std::size_t piece_count_ = 0, converted_count_ = 0;
  std::size_t bytes_ = 0, payload_bytes_ = 0;
};

} // namespace syngrad
