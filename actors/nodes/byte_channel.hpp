// The bytes of one connection, as its socket gives and takes them: with TLS (tls_channel), or in records that carry
// sums (record_channel). Does not own the socket, which never blocks. What comes out has arrived as it was sent; a
// connection that brings anything else is over.
//
// Threads: one at a time.
#pragma once

#include <cstddef>

namespace syngrad {

class byte_channel {
public:
  struct outcome {
    enum class kind {
      moved,       // `bytes` of them, at least one
      wants_read,  // nothing, before the socket can be read
      wants_write, // nothing, before the socket can be written
      over,        // closed by the other side, or damaged
    } what = kind::moved;
    std::size_t bytes = 0;
  };

  virtual ~byte_channel() = default;

  virtual outcome read(char* data, std::size_t size) = 0;
  // Whatever comes of it, the next call begins with the bytes that are left of these.
  virtual outcome write(const char* data, std::size_t size) = 0;
  // Bytes that have come and that the socket does not announce any more.
  virtual bool holds_input() const = 0;
};

} // namespace syngrad
