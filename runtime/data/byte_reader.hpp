// Reads a file from its beginning, decompressing it on the way if it is gzip. Holds one buffer of fixed size.
//
// Threads: one at a time.
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct gzFile_s;

namespace syngrad {

// The most that one byte of zlib's compression can stand for (its manual): a bound on what a size may truthfully
// promise.
inline constexpr std::uint64_t deflate_ratio = 1032;

class byte_reader {
public:
  // A file named *.gz must be gzip; any other is decompressed if it is, and read as it is if not.
  static result<byte_reader> open(const std::string& file);

  // Fills `into` with up to `count` bytes; fewer only at the end of the file. Fails on a device error, a truncated or
  // a damaged gzip stream.
  result<std::size_t> read(void* into, std::size_t count);

  // No file of this size decompresses to more: a bound on what a header may truthfully promise.
  std::uint64_t most_bytes() const { return most_bytes_; }

private:
  struct closer {
    void operator()(gzFile_s* stream) const;
  };

  byte_reader(std::string file, gzFile_s* stream, std::uint64_t file_bytes);

  std::string file_;
  std::unique_ptr<gzFile_s, closer> stream_;
  std::uint64_t most_bytes_;
};

} // namespace syngrad
