// A message on the wire, little-endian:
//
//   frame    := prologue header part*
//   prologue := type u8, version u8 = 1, zero u16, bytes of the header u32
//   header   := context fields                  what the fields of a type are: message_fields.hpp
//   context  := id u64, parent u64, sent_ns i64, batch u64, version u32
//   fields   := ( number | enumeration u8 | flag u8 | text | tensor | bytes )*
//   text     := length u32, bytes               at most 64 KiB
//   tensor   := 0 u8                            none
//             | 1 u8, dtype u8, format u8, rank u8, extent i64 * rank
//   bytes    := length u64
//   part     := the elements of a tensor in its format (wire_format.hpp), or the bytes; in the order of the header
//
// Numbers of floats are sent as their bits. A frame says nothing about its own integrity: links cut it into chunks that
// carry a sum each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syngrad {

inline constexpr std::uint8_t frame_version = 1;
inline constexpr std::size_t prologue_bytes = 8;
inline constexpr std::size_t header_limit = std::size_t{68} << 10;
inline constexpr std::size_t text_limit = std::size_t{64} << 10;

} // namespace syngrad
