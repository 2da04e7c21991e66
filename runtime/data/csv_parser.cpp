// file   = [ byte-order mark ] preamble { row line-end }     line-end: LF, CR LF or CR; blank rows are skipped
// row    = field { delimiter field }                         a blank as delimiter: one or more, also around the row
// field  = plain | quoted
// plain  = { any byte but '"', delimiter, line-end }, blanks around it do not count
// quoted = '"' { any byte but '"' | '""' } '"', where '""' stands for '"'
#include "runtime/data/csv_parser.hpp"

#include <utility>

namespace syngrad {
namespace {

constexpr int end_of_file = -1;
constexpr std::size_t text_buffer_bytes = 256 * 1024;
constexpr std::size_t most_field_bytes = 64 * 1024;
constexpr std::size_t most_fields = 1'000'000;

} // namespace

csv_parser::csv_parser(std::string file, byte_reader reader)
  : file_(std::move(file)), reader_(std::move(reader)), buffer_(text_buffer_bytes) {}

result<csv_parser> csv_parser::open(const std::string& file, std::optional<char> delimiter) {
  auto reader = byte_reader::open(file);
  if (!reader) return reader.failure();
  csv_parser parser(file, std::move(*reader));
  if (auto done = parser.begin(delimiter); !done) return done.failure();
  return parser;
}

status csv_parser::begin(std::optional<char> delimiter) {
  if (auto done = refill(); !done) return done;
  const std::string_view start(buffer_.data(), buffered_);
  const auto text = text_begin(start.substr(0, 4), file_);
  if (!text) return text.failure();
  auto preamble = read_csv_preamble(start.substr(*text), delimiter);
  if (!preamble) return error{file_ + ": " + preamble.message()};
  preamble_ = std::move(*preamble);
  position_ = *text + preamble_.bytes;
  line_ += preamble_.lines;
  if (position_ == buffered_ && buffered_ > text_buffer_bytes / 2)
    return error{file_ + ": no row in its first " + std::to_string(buffered_) +
                 " bytes; shorten what stands before it"};
  return ok();
}

status csv_parser::refill() {
  do {
    const auto got = reader_.read(buffer_.data(), buffer_.size());
    if (!got) return got.failure();
    buffered_ = line_ends_.unify(buffer_.data(), *got);
    if (*got == 0) break;
  } while (buffered_ == 0);
  position_ = 0;
  return ok();
}

bool csv_parser::is_blank(int byte) const {
  return (byte == ' ' || byte == '\t') && byte != preamble_.delimiter;
}

std::string csv_parser::place(std::size_t field) const {
  return file_ + ": line " + std::to_string(row_line_) + ", column " + std::to_string(field + 1);
}

status csv_parser::end_field(bool quoted) {
  if (fields_.size() == most_fields) {
    return error{file_ + ": line " + std::to_string(row_line_) + " has more than " + std::to_string(most_fields) +
                 " fields; one row a line is expected"};
  }
  while (!quoted && !field_.empty() && is_blank(field_.back())) field_.pop_back();
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
  const bool by_blanks = preamble_.delimiter == ' ';
  const bool ends_field = byte == preamble_.delimiter || ends_row || (by_blanks && byte == '\t');
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
    if (!ends_field && is_blank(byte)) return ok();
    if (!ends_field) return error{place(here) + ": text after the closing quote; write a quote in a field as \"\""};
    break;
  case state::field_begin:
    if (byte == '"') {
      now = state::quoted;
      return ok();
    }
    if (!ends_field && is_blank(byte)) return ok();
    if (by_blanks && ends_field && (!ends_row || here > 0)) {
      now = ends_row ? state::row_end : state::field_begin;
      return ok();
    }
    [[fallthrough]];
  case state::unquoted:
  case state::row_end:
    if (byte == '"')
      return error{place(here) + ": a quote inside a field; quote the whole field, and write \"\" for \""};
    if (!ends_field) {
      field_ += static_cast<char>(byte);
      now = state::unquoted;
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
