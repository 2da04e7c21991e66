// A connection without TLS: the records that it sends, and the channel of them.
#pragma once

#include "actors/nodes/byte_channel.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad {

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

} // namespace syngrad
