// A text as its tokens, one after the other: in memory, or in files that are mapped and of which only what is used is
// read. Copies share it; read-only, so any thread.
#pragma once

#include "runtime/data/mapped_file.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

class token_text {
public:
  token_text() = default; // empty
  static token_text of(std::vector<std::uint16_t> tokens, std::string where);

  // Little-endian tokens of `width` bytes (1 or 2) from `first_byte` to the end of the file go behind what is there.
  void append(const mapped_file&, int width, std::size_t first_byte);

  std::int64_t size() const { return size_; }
  // Whether reading it may have to wait for a disk.
  bool is_mapped() const { return is_mapped_; }
  // The tokens from `first` on; there are as many.
  void copy(std::int64_t first, std::span<std::int32_t> into) const;
  // A part of it, in the same memory.
  token_text part(std::int64_t first, std::int64_t count) const;

  // "train.bin: token 4711", for messages.
  std::string place(std::int64_t at) const;

private:
  // Tokens of one file or vector.
  struct piece {
    std::shared_ptr<const std::byte> memory; // from its first token on
    int width = 2;
    std::int64_t size = 0;
    std::int64_t begin = 0;      // in the text
    std::int64_t begin_here = 0; // in the file
    std::string where;           // the file
  };
  void append(piece);

  std::vector<piece> pieces_;
  std::int64_t size_ = 0;
  bool is_mapped_ = false;
};

} // namespace syngrad
