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
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace syngrad {

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

} // namespace syngrad
