// file   = row { ("\n" | "\r\n") row }, after an optional UTF-8 byte order mark; blank rows are skipped
// row    = field { "," field }
// field  = plain | quoted
// plain  = { any byte but '"', ",", "\n" }, blanks around it do not count
// quoted = '"' { any byte but '"' | '""' } '"', where '""' stands for '"'
#include "runtime/data/csv_parser.hpp"

#include <cstring>
#include <utility>

namespace syngrad {
namespace {

constexpr int end_of_file = -1;
constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t most_field_bytes = 64 * 1024;
constexpr std::size_t most_fields = 1'000'000;

bool is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\r';
}

void trim(std::string& text) {
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  std::size_t leading = 0;
  while (leading < text.size() && is_blank(text[leading])) ++leading;
  text.erase(0, leading);
}

} // namespace

csv_parser::csv_parser(std::string file, byte_reader reader)
  : file_(std::move(file)), reader_(std::move(reader)), buffer_(buffer_bytes) {}

result<csv_parser> csv_parser::open(const std::string& file) {
  auto reader = byte_reader::open(file);
  if (!reader) return reader.failure();
  csv_parser parser(file, std::move(*reader));
  if (auto done = parser.skip_byte_order_mark(); !done) return done.failure();
  return parser;
}

status csv_parser::skip_byte_order_mark() {
  if (auto done = refill(); !done) return done;
  if (buffered_ >= 3 && std::memcmp(buffer_.data(), "\xef\xbb\xbf", 3) == 0) position_ = 3;
  return ok();
}

status csv_parser::refill() {
  const auto got = reader_.read(buffer_.data(), buffer_.size());
  if (!got) return got.failure();
  buffered_ = *got;
  position_ = 0;
  return ok();
}

std::string csv_parser::place(std::size_t field) const {
  return file_ + ": line " + std::to_string(row_line_) + ", column " + std::to_string(field + 1);
}

status csv_parser::end_field(bool quoted) {
  if (fields_.size() == most_fields) {
    return error{file_ + ": line " + std::to_string(row_line_) + " has more than " + std::to_string(most_fields) +
                 " fields; one row a line is expected"};
  }
  if (!quoted) trim(field_);
  any_quoted_ = any_quoted_ || quoted;
  fields_.push_back(field_);
  field_.clear();
  return ok();
}

bool csv_parser::blank() const {
  return fields_.size() == 1 && fields_[0].empty() && !any_quoted_;
}

status csv_parser::consume(int byte, state& now) {
  const auto here = fields_.size();
  const bool ends_row = byte == '\n' || byte == end_of_file;
  const bool ends_field = byte == ',' || ends_row;
  if (byte == 0) return error{place(here) + ": a NUL byte; a text file is expected"};
  if (field_.size() > most_field_bytes) {
    return error{place(here) + ": a field of more than " + std::to_string(most_field_bytes) +
                 " bytes; a closing quote may be missing"};
  }

  switch (now) {
  case state::quoted:
    if (byte == end_of_file) return error{place(here) + ": a quote that never ends; close it with \""};
    if (byte == '"')
      now = state::quote_in_quoted;
    else
      field_ += static_cast<char>(byte);
    return ok();
  case state::quote_in_quoted:
    if (byte == '"') {
      field_ += '"';
      now = state::quoted;
      return ok();
    }
    [[fallthrough]];
  case state::closed:
    now = state::closed;
    if (byte != end_of_file && is_blank(static_cast<char>(byte))) return ok(); // the CR of a line end among them
    if (!ends_field) return error{place(here) + ": text after the closing quote; write a quote in a field as \"\""};
    break;
  case state::field_begin:
    if (byte == '"') {
      field_.clear(); // blanks before it
      now = state::quoted;
      return ok();
    }
    [[fallthrough]];
  case state::unquoted:
  case state::row_end:
    if (byte == '"')
      return error{place(here) + ": a quote inside a field; quote the whole field, and write \"\" for \""};
    if (!ends_field) {
      field_ += static_cast<char>(byte);
      if (!is_blank(static_cast<char>(byte))) now = state::unquoted;
      return ok();
    }
    break;
  }

  if (auto done = end_field(now == state::closed); !done) return done;
  now = ends_row ? state::row_end : state::field_begin;
  return ok();
}

result<bool> csv_parser::next() {
  for (;;) {
    fields_.clear();
    any_quoted_ = false;
    row_line_ = line_;
    int byte = 0;
    for (auto now = state::field_begin; now != state::row_end;) {
      if (position_ == buffered_) {
        if (auto done = refill(); !done) return done.failure();
      }
      byte = position_ < buffered_ ? static_cast<unsigned char>(buffer_[position_++]) : end_of_file;
      if (auto done = consume(byte, now); !done) return done.failure();
      if (byte == '\n') ++line_;
    }
    if (!blank()) return true;
    if (byte == end_of_file) {
      fields_.clear();
      return false;
    }
  }
}

} // namespace syngrad
