// Reads numbers and strings back that byte_writer wrote. What is read beyond the end is zero, and failed() from then
// on: whoever parses asks once, at the end, and before any length is believed.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace syngrad {

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
