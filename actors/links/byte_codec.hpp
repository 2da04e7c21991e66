// Numbers, little-endian, and strings as bytes: written, and read back from whoever sent them.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace syngrad {

// Appends numbers, little-endian, and strings to bytes.
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

// Reads numbers and strings back that byte_writer wrote. What is read beyond the end is zero, and failed() from then
// on: whoever parses asks once, at the end, and before any length is believed.
class byte_parser {
public:
  byte_parser(const char* bytes, std::size_t count) : at_(bytes), left_(count) {}

  template <class Number>
  requires std::is_arithmetic_v<Number> Number take() {
    Number value{};
    if (!need(sizeof value)) return value;
    std::memcpy(&value, at_, sizeof value);
    advance(sizeof value);
    return value;
  }
  std::string take_text(std::size_t limit) {
    const std::size_t count = take<std::uint32_t>();
    if (count > limit) fail();
    if (!need(count)) return {};
    std::string text(at_, count);
    advance(count);
    return text;
  }

  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  std::size_t left() const { return left_; }

private:
  bool need(std::size_t count) {
    if (count > left_) failed_ = true;
    return !failed_;
  }
  void advance(std::size_t count) {
    at_ += count;
    left_ -= count;
  }

  const char* at_;
  std::size_t left_;
  bool failed_ = false;
};

} // namespace syngrad
