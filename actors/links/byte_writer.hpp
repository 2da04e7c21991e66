// Appends numbers, little-endian, and strings to bytes.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace syngrad {

class byte_writer {
public:
  static_assert(std::endian::native == std::endian::little);

  explicit byte_writer(std::vector<char>& out) : out_(out) {}

  template <class Number>
  requires std::is_arithmetic_v<Number>
  void put(Number value) { put_raw(&value, sizeof value); }
  // u32 length, then the bytes; longer texts than `limit` are cut.
  void put_text(std::string_view text, std::size_t limit) {
    text = text.substr(0, limit);
    put(static_cast<std::uint32_t>(text.size()));
    put_raw(text.data(), text.size());
  }
  // Replaces what was written earlier at `offset`.
  void patch(std::size_t offset, std::uint32_t value) { std::memcpy(out_.data() + offset, &value, sizeof value); }
  std::size_t size() const { return out_.size(); }

private:
  void put_raw(const void* from, std::size_t count) {
    const auto* bytes = static_cast<const char*>(from);
    out_.insert(out_.end(), bytes, bytes + count);
  }

  std::vector<char>& out_;
};

} // namespace syngrad
