#include "runtime/io/json_writer.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace syngrad {

namespace {

// Length of the UTF-8 sequence that starts `rest`, 0 where it is malformed, overlong, a surrogate or beyond U+10FFFF.
std::size_t utf8_length(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || rest.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const auto second = byte(1);
  const bool forbidden = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                         (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return forbidden ? 0 : length;
}

void append_escaped_ascii(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  const auto code = static_cast<unsigned char>(c);
  if (code >= 0x20 && code != 0x7f) {
    out += c;
    return;
  }
  out += "\\u00";
  out += digits[code >> 4];
  out += digits[code & 15];
}

} // namespace

std::string quote_json(std::string_view value) {
  std::string out = "\"";
  while (!value.empty()) {
    const auto length = utf8_length(value);
    if (length == 1)
      append_escaped_ascii(out, value[0]);
    else if (length == 0)
      out += "\\ufffd";
    else
      out += value.substr(0, length);
    value.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

json_writer& json_writer::key(std::string_view name) {
  assert(!levels_.empty() && levels_.back().closing == '}' && !after_key_);
  before_value();
  out_ += quote_json(name);
  out_ += indent_ > 0 ? ": " : ":";
  after_key_ = true;
  return *this;
}

json_writer& json_writer::text(std::string_view value) {
  return raw(quote_json(value));
}

json_writer& json_writer::number(double value) {
  if (!std::isfinite(value)) return null();
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return raw({digits.data(), static_cast<std::size_t>(end.ptr - digits.data())});
}

json_writer& json_writer::number(std::int64_t value) {
  return raw(std::to_string(value));
}

json_writer& json_writer::boolean(bool value) {
  return raw(value ? "true" : "false");
}

json_writer& json_writer::null() {
  return raw("null");
}

json_writer& json_writer::open(char opening, char closing) {
  before_value();
  out_ += opening;
  levels_.push_back({closing, true});
  after_key_ = false;
  return *this;
}

json_writer& json_writer::close() {
  assert(!levels_.empty() && !after_key_);
  const auto closed = levels_.back();
  levels_.pop_back();
  if (!closed.empty) new_line();
  out_ += closed.closing;
  return *this;
}

json_writer& json_writer::raw(std::string_view value) {
  before_value();
  out_ += value;
  after_key_ = false;
  return *this;
}

void json_writer::before_value() {
  if (after_key_ || levels_.empty()) return;
  if (!levels_.back().empty) out_ += ',';
  levels_.back().empty = false;
  new_line();
}

void json_writer::new_line() {
  if (indent_ == 0) return;
  out_ += '\n';
  out_.append(levels_.size() * static_cast<std::size_t>(indent_), ' ');
}

} // namespace syngrad
