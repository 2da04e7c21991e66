#include "runtime/data/csv_parser.hpp"

#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace syngrad {

namespace {

struct delimiter_kind {
  char byte;
  std::string_view name;
  std::string_view plural;
};

constexpr std::array delimiter_kinds{
  delimiter_kind{',', "comma", "commas"}, delimiter_kind{';', "semicolon", "semicolons"},
  delimiter_kind{'\t', "tab", "tabs"},    delimiter_kind{'|', "bar", "bars"},
  delimiter_kind{' ', "space", "blanks"},
};

const delimiter_kind& kind_of(char byte) {
  return *std::find_if(delimiter_kinds.begin(), delimiter_kinds.end(),
                       [&](const auto& kind) { return kind.byte == byte; });
}

bool is_known(char byte) {
  return std::any_of(delimiter_kinds.begin(), delimiter_kinds.end(),
                     [&](const auto& kind) { return kind.byte == byte; });
}

std::string at_line(std::int64_t line) {
  return "line " + std::to_string(line);
}

std::string quoted_row(std::string_view row) {
  return quoted_begin(row, 60);
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// A row ends at a line end that is not in quotes; takes it off `rest`.
std::string_view take_row(std::string_view& rest) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    quoted ^= rest[end] == '"';
    if (rest[end] == '\n' && !quoted) break;
  }
  const auto row = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return row;
}

// How often it occurs outside of quotes.
std::size_t count(char delimiter, std::string_view row) {
  bool quoted = false;
  std::size_t found = 0;
  for (const char byte : row) {
    quoted ^= byte == '"';
    found += byte == delimiter && !quoted;
  }
  return found;
}

// Whether the first rows have equally many of it.
bool divides_alike(char delimiter, std::string_view rows) {
  constexpr int compared = 20;
  const auto expected = count(delimiter, take_row(rows));
  for (int i = 1; i < compared && !rows.empty(); ++i) {
    const auto row = take_row(rows);
    const bool whole = !rows.empty(); // the last one may be cut off
    if (whole && !without_blanks(row).empty() && count(delimiter, row) != expected) return false;
  }
  return true;
}

std::size_t comment_mark(std::string_view line) {
  if (line.starts_with('#') || line.starts_with('%')) return 1;
  return line.starts_with("//") ? 2 : 0;
}

// Of a line "sep=;", which spreadsheets write.
std::optional<char> announced_delimiter(std::string_view line) {
  if (line.size() > 1 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  constexpr std::string_view key = "sep=";
  if (line.size() != key.size() + 1 || !is_known(line.back())) return {};
  for (std::size_t i = 0; i < key.size(); ++i)
    if ((line[i] | 0x20) != (key[i] | 0x20)) return {};
  return line.back();
}

error too_few(std::string_view row, std::int64_t line) {
  const bool blanks = count(' ', without_blanks(row)) > 0;
  return {error_kind::data, at_line(line) + ": a single column, " + quoted_row(row) +
                              ": features and a label are expected, separated by commas, semicolons, tabs or bars; " +
                              (blanks ? "say --delimiter space if blanks separate them, or " : "") +
                              "put # before a title or comment"};
}

error too_many(std::string_view row, std::int64_t line, const std::vector<char>& found) {
  std::string choices, remedies;
  for (const auto byte : found) {
    choices += (choices.empty() ? "" : " or ") + std::string(kind_of(byte).plural);
    remedies += (remedies.empty() ? "" : " or ") + ("--delimiter " + delimiter_name(byte));
  }
  return {error_kind::data,
          at_line(line) + ": do " + choices + " separate the fields of " + quoted_row(row) + "? Say " + remedies};
}

// `rows` begins with the first row.
status find_delimiter(std::string_view rows, csv_preamble& into) {
  const auto line = into.lines + 1;
  auto rest = rows;
  const auto row = take_row(rest);
  if (without_blanks(row).empty()) return ok(); // there is none
  std::vector<char> found;
  for (const auto& kind : delimiter_kinds)
    if (kind.byte != ' ' && count(kind.byte, row) > 0) found.push_back(kind.byte);
  if (found.empty()) return too_few(row, line);
  const auto also = found;
  if (found.size() > 1) std::erase_if(found, [&](char byte) { return !divides_alike(byte, rows); });
  if (found.size() != 1) return too_many(row, line, also);
  into.delimiter = found[0];
  if (found[0] != ',')
    into.note = at_line(line) + ": " + std::string(kind_of(found[0]).plural) +
                " are taken to separate fields (--delimiter " + delimiter_name(found[0]) + ")";
  return ok();
}

} // namespace

result<csv_preamble> read_csv_preamble(std::string_view start, std::optional<char> asked) {
  csv_preamble found;
  std::optional<char> announced;
  while (found.bytes < start.size()) {
    const auto end = std::min(start.find('\n', found.bytes), start.size());
    const auto line = without_blanks(start.substr(found.bytes, end - found.bytes));
    const auto mark = comment_mark(line);
    const auto separator = announced_delimiter(line);
    if (!mark && !separator && !line.empty()) break;
    if (end == start.size() && !separator && !mark) break;
    found.comment = std::string(without_blanks(line.substr(mark ? mark : line.size())));
    if (mark && ++found.comments == 1) found.first_comment = found.lines + 1;
    if (separator) announced = separator;
    found.bytes = std::min(end + 1, start.size());
    ++found.lines;
  }
  if (asked || announced) {
    found.delimiter = asked ? *asked : *announced;
    return found;
  }
  if (auto done = find_delimiter(start.substr(found.bytes), found); !done) return done.failure();
  return found;
}

result<char> parse_delimiter(const std::string& text) {
  for (const auto& kind : delimiter_kinds)
    if (text == kind.name || (text.size() == 1 && text[0] == kind.byte)) return kind.byte;
  if (text == "\\t") return '\t';
  return error::setting("expected " + known_delimiters() + " or the character itself, got '" + visible(text) + "'");
}

std::string delimiter_name(char delimiter) {
  return std::string(kind_of(delimiter).name);
}

std::string known_delimiters() {
  return join_text(delimiter_kinds, "|", &delimiter_kind::name);
}

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
  if (!preamble) return preamble.failure().prefixed(file_ + ": ");
  preamble_ = std::move(*preamble);
  position_ = *text + preamble_.bytes;
  line_ += preamble_.lines;
  if (position_ == buffered_ && buffered_ > text_buffer_bytes / 2)
    return error::data(file_ + ": no row in its first " + std::to_string(buffered_) +
                       " bytes; shorten what stands before it");
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

std::string csv_parser::position(std::size_t field) const {
  return file_ + ": line " + std::to_string(row_line_) + ", column " + std::to_string(field + 1);
}

status csv_parser::end_field(bool quoted) {
  if (fields_.size() == most_fields) {
    return error::data(file_ + ": line " + std::to_string(row_line_) + " has more than " + std::to_string(most_fields) +
                       " fields; one row a line is expected");
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
  if (byte == 0) return error::data(position(here) + ": a NUL byte; a text file is expected");
  if (field_.size() > most_field_bytes) {
    return error::data(position(here) + ": a field of more than " + std::to_string(most_field_bytes) +
                       " bytes; a closing quote may be missing");
  }

  switch (now) {
  case state::quoted:
    if (byte == end_of_file) return error::data(position(here) + ": a quote that never ends; close it with \"");
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
    if (!ends_field)
      return error::data(position(here) + ": text after the closing quote; write a quote in a field as \"\"");
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
      return error::data(position(here) + ": a quote inside a field; quote the whole field, and write \"\" for \"");
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
