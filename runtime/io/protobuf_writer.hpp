// Protocol Buffers' wire format, as much of it as is needed to write: https://protobuf.dev/programming-guides/encoding
//
//   message := (tag value)*      tag := varint(field number << 3 | wire type)
//   value   := varint (0) | 8 bytes (1) | varint(length) bytes (2) | 4 bytes (5)
//
// One thread at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace syngrad {

class protobuf_writer {
public:
  void varint(std::uint32_t field, std::uint64_t value) {
    tag(field, 0);
    raw_varint(value);
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    tag(field, 1);
    raw_fixed(value);
  }
  void real(std::uint32_t field, double value) { fixed64(field, std::bit_cast<std::uint64_t>(value)); }
  void real(std::uint32_t field, float value) {
    tag(field, 5);
    raw_fixed(value);
  }
  void text(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    raw_varint(value.size());
    out_ += value;
  }
  void message(std::uint32_t field, const protobuf_writer& nested) { text(field, nested.out_); }

  void clear() { out_.clear(); }
  const std::string& bytes() const { return out_; }

private:
  static_assert(std::endian::native == std::endian::little, "fixed-size values are written as they lie");

  void tag(std::uint32_t field, std::uint32_t wire_type) { raw_varint(std::uint64_t{field} << 3 | wire_type); }
  void raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  template <class Number>
  void raw_fixed(Number value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }

  std::string out_;
};

} // namespace syngrad
