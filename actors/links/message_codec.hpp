// Messages as the bytes that cross, and back (encoded_frame, frame_decoder). A message on the wire, little-endian:
//
//   frame    := prologue header part*
//   prologue := type u8, version u8 = 1, zero u16, bytes of the header u32
//   header   := context fields                  what the fields of a type are: message_fields.hpp
//   context  := id u64, parent u64, sent_ns i64, batch u64, version u32
//   fields   := ( number | enumeration u8 | flag u8 | text | tensor | bytes )*
//   text     := length u32, bytes               at most 64 KiB
//   tensor   := 0 u8                            none
//             | 1 u8, dtype u8, format u8, factors?, rank u8, extent i64 * rank
//   factors  := format u8, columns u32, lost f32   where the format is 3: of the factors' elements, how many columns
//   the
//                                               first has, and what share of the squared norm they lack
//   bytes    := length u64
//   part     := the elements of a tensor in its format (wire_format.hpp), those of its two factors
//               (gradient_subspace.hpp), or the bytes; in the order of the header
//
// Numbers of floats are sent as their bits. A frame says nothing about its own integrity: links cut it into chunks that
// carry a sum each.
#pragma once

#include "actors/links/gradient_subspace.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/links/wire_format.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace syngrad {

inline constexpr std::uint8_t frame_version = 1;
inline constexpr std::size_t prologue_bytes = 8;
inline constexpr std::size_t header_limit = std::size_t{68} << 10;
inline constexpr std::size_t text_limit = std::size_t{64} << 10;

// Memory of one purpose that is used again, because what it is needed for comes again in the same sizes.
//
// Threads: any. What was handed out keeps the rest alive.
class recycled_bytes : public std::enable_shared_from_this<recycled_bytes> {
public:
  static std::shared_ptr<recycled_bytes> make() { return std::shared_ptr<recycled_bytes>(new recycled_bytes); }

  // At least `count` bytes, contents undefined. They come back with the last reference.
  std::shared_ptr<char> take(std::size_t count) {
    auto found = take_free(count);
    if (found.size < count) found = {std::make_unique_for_overwrite<char[]>(count), count};
    auto* const start = found.memory.get();
    auto keeper = std::make_shared<lease>(shared_from_this(), std::move(found));
    return {std::move(keeper), start};
  }

private:
  struct block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  struct lease {
    lease(std::shared_ptr<recycled_bytes> from, block what) : owner(std::move(from)), held(std::move(what)) {}
    ~lease() { owner->give_back(std::move(held)); }
    std::shared_ptr<recycled_bytes> owner;
    block held;
  };

  recycled_bytes() = default;

  // The smallest that is large enough; else the largest, which makes room for a larger one.
  block take_free(std::size_t count) {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    auto found = std::lower_bound(free_.begin(), free_.end(), count,
                                  [](const block& each, std::size_t wanted) { return each.size < wanted; });
    if (found == free_.end()) --found;
    auto taken = std::move(*found);
    free_.erase(found);
    return taken;
  }
  void give_back(block returned) noexcept {
    const std::lock_guard lock(mutex_);
    const auto at = std::upper_bound(free_.begin(), free_.end(), returned.size,
                                     [](std::size_t size, const block& each) { return size < each.size; });
    free_.insert(at, std::move(returned));
  }

  std::mutex mutex_;
  std::vector<block> free_; // by size
};

// A message as the bytes that cross: pieces of memory one after the other, of which the elements of a tensor are one,
// where they lie. So nothing is copied before the bytes leave the process.
//
// Immutable once made, and shared between the actor that made it and whoever writes it to a socket.
class encoded_frame {
public:
  // Reads the tensors, which must lie in memory of the host and be ready. `scratch` is for formats other than f32.
  // `subspace`: of the gradients of the link; null: they travel whole.
  encoded_frame(link_message message, const link_options& options, recycled_bytes& scratch,
                gradient_subspace* subspace = nullptr);

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
  std::array<std::shared_ptr<char>, 3> converted_;
  std::array<piece, 4> pieces_{};
  std::size_t piece_count_ = 0, converted_count_ = 0;
  std::size_t bytes_ = 0, payload_bytes_ = 0;
};

// Puts messages together again from their bytes, which may come in pieces of any size. Elements of tensors go where
// they belong as they come, without a copy between. Every length is checked before memory is taken for it.
//
// Threads: one at a time.
class frame_decoder {
public:
  // Tensors are made in the memory of `host`'s owner, a device whose memory the host can write.
  frame_decoder(stream& host, const link_options& options);

  // Takes the next bytes. A message where they complete one; bytes beyond its end are an error. After an error there is
  // nothing more to be had from the decoder.
  result<std::optional<link_message>> take(const char* bytes, std::size_t count);

  bool between_frames() const { return stage_ == stage::prologue && head_.empty(); }
  std::size_t frame_bytes() const { return frame_bytes_; }     // of the last complete message
  std::size_t payload_bytes() const { return payload_bytes_; } // of its tensors and blocks of bytes, as they are here
  // Of the factors in it: columns of the first one, 0 where there are none, and what share of the squared norm is lost.
  std::int64_t factor_rank() const { return factor_rank_; }
  double factors_lose() const { return factors_lose_; }

private:
  class header_reader;
  enum class stage { prologue, header, parts };
  // Where the elements of one tensor, or a block of bytes, go.
  struct part {
    char* to = nullptr;
    std::size_t count = 0;
    float* convert_to = nullptr; // null: `to` is the destination itself
    shape extents;
    wire_format format = wire_format::f32;
    std::int64_t factor_rank = 0; // 0: no factors
  };

  status read_prologue();
  status read_header();
  bool fill_head(const char*& bytes, std::size_t& count, std::size_t wanted);
  bool fill_parts(const char*& bytes, std::size_t& count);
  void finish();

  stream& host_;
  link_options options_;
  stage stage_ = stage::prologue;
  std::vector<char> head_;
  std::size_t head_bytes_ = 0; // wanted, with the prologue
  link_message message_;
  std::array<part, 3> parts_;
  std::array<std::vector<char>, 3> scratch_; // of parts that are converted
  std::vector<float> factors_;
  std::int64_t factor_rank_ = 0;
  double factors_lose_ = 0;
  std::size_t part_count_ = 0, part_ = 0, filled_ = 0;
  std::size_t frame_bytes_ = 0, payload_bytes_ = 0;
};

} // namespace syngrad
