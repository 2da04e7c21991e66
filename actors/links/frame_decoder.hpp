// Puts messages together again from their bytes, which may come in pieces of any size. Elements of tensors go where
// they belong as they come, without a copy between. Every length is checked before memory is taken for it.
//
// Threads: one at a time.
#pragma once

#include "actors/links/link_message.hpp"
#include "actors/links/link_options.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"

#include <array>
#include <optional>
#include <vector>

namespace syngrad {

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

private:
  class header_reader;
  enum class stage { prologue, header, parts };
  // Where the elements of one tensor, or a block of bytes, go.
  struct part {
    char* to = nullptr;
    std::size_t count = 0;
    float* convert_to = nullptr; // null: `to` is the place itself
    shape extents;
    wire_format format = wire_format::f32;
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
  std::array<part, 2> parts_;
  std::array<std::vector<char>, 2> scratch_; // of parts that are converted
  std::size_t part_count_ = 0, part_ = 0, filled_ = 0;
  std::size_t frame_bytes_ = 0, payload_bytes_ = 0;
};

} // namespace syngrad
