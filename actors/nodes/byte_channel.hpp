// The bytes of one connection, as its socket gives and takes them: in records that carry sums, or with TLS.
#pragma once

#include "actors/nodes/tls_credentials.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad {

// Does not own the socket, which never blocks. What comes out has arrived as it was sent; a connection that brings
// anything else is over.
//
// Threads: one at a time.
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

// What a connection without TLS sends: records, so that a bit that changes on the way is noticed wherever it is, in
// CAF's frames too, before anybody acts on it. TCP's own sum misses one damaged segment in some ten thousands.
//
//  stream  = record*                     each way, numbered from 0
//  record  = length sum check payload
//  length  = u32                         of the payload, 1 to longest_record
//  sum     = u64                         XXH3 of the payload, with the record's number as seed
//  check   = u32                         of length and sum, with the record's number: a damaged length is not waited
//  for
//
// Little-endian. No secret: it tells damage, not forgery.

inline constexpr std::size_t record_header_size = 16;
inline constexpr std::size_t longest_record = std::size_t{128} << 10;

using record_header = std::array<char, record_header_size>;

record_header header_of_record(std::uint64_t number, const char* payload, std::size_t size);

struct announced_record {
  std::size_t size = 0;
  std::uint64_t sum = 0;
};
// Nothing where these 16 bytes are not the header of record `number`.
std::optional<announced_record> read_record_header(std::uint64_t number, const char* header);
bool is_payload_of(const announced_record&, std::uint64_t number, const char* payload);

// The bytes of such a connection: sums are checked before a byte of a record is handed out.
class record_channel : public byte_channel {
public:
  explicit record_channel(int socket) : socket_(socket) {}

  outcome read(char* data, std::size_t size) override;
  outcome write(const char* data, std::size_t size) override;
  bool holds_input() const override { return ready_ > 0; }

private:
  // A record from in_, whole and undamaged, becomes what is handed out. False: damaged. No record yet is no damage.
  bool open_next();
  outcome receive();

  int socket_;
  // in_[begin_, end_) has come; its first ready_ bytes are checked payload.
  std::vector<char> in_;
  std::size_t begin_ = 0, end_ = 0, ready_ = 0;
  std::uint64_t read_ = 0, written_ = 0; // numbers of the next records
  record_header header_{};
  std::size_t header_left_ = 0, payload_left_ = 0; // of the record that is being sent
};

// A connection with TLS: the first bytes either way wait for its handshake, in which each side shows a certificate of
// the other's CA.
//
// OpenSSL keeps errors in a queue of the thread, and takes what another connection left there for its own: it is
// emptied before each call. SSL_write raises SIGPIPE where the other side is gone: block it on the thread that calls.
class tls_channel : public byte_channel {
public:
  // The credentials outlive it.
  tls_channel(const tls_credentials&, int socket, tls_credentials::side);

  outcome read(char* data, std::size_t size) override;
  outcome write(const char* data, std::size_t size) override;
  bool holds_input() const override;

private:
  outcome outcome_of(int returned, std::size_t bytes) const;

  ssl_handle connection_; // null: OpenSSL has no memory for it
};

} // namespace syngrad
