// Splits a table's file into rows of fields, after what stands before the first of them.
//
//   preamble = { blank line | comment | "sep=" separator }     each ends with "\n"
//   comment  = ("#" | "%" | "//") { any byte but "\n" }
//
// Where nothing else is asked for, the comma, semicolon, tab or bar that the first row has separates. Where it has
// several, that one does which divides the rows after it alike. Quotes hide what is in them.
#pragma once

#include "runtime/data/byte_reader.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

struct csv_preamble {
  std::size_t bytes = 0;  // before the first row
  std::int64_t lines = 0; // likewise
  char delimiter = ',';   // ' ': any number of blanks

  std::int64_t comments = 0, first_comment = 0; // how many, and the line of the first
  std::string comment; // of the line right before the first row, without its mark; empty: it is none
  std::string note;    // what was taken for what, and how to say otherwise; or empty
};

// `start` is how the file begins, with "\n" at the ends of lines: all of it, or more than any preamble and first row
// take. `asked`: the separator to use; none: to be found. Messages begin with "line N".
result<csv_preamble> read_csv_preamble(std::string_view start, std::optional<char> asked);

// --delimiter: "comma", "semicolon", "tab", "space", "bar", or the character itself.
result<char> parse_delimiter(const std::string& text);
std::string delimiter_name(char delimiter); // as parse_delimiter() reads it
std::string known_delimiters();             // for help texts

// Holds one buffer and one row. Threads: one at a time.
class csv_parser {
public:
  // `delimiter`: what separates fields; none: what the first row says.
  static result<csv_parser> open(const std::string& file, std::optional<char> delimiter);

  const csv_preamble& preamble() const { return preamble_; }

  // Reads the next row that is not blank; false at the end of the file. Unquoted fields lose the blanks around them.
  // Fails on broken quoting, a NUL byte, or a field or row beyond any sane size.
  result<bool> next();

  // The row last read, valid until the next one is.
  const std::vector<std::string>& fields() const { return fields_; }
  // The line on which it begins, from 1.
  std::int64_t line() const { return row_line_; }

  // "FILE: line L, column C": where the field with index `field` of the row last read stands.
  std::string position(std::size_t field) const;

private:
  enum class state { field_begin, unquoted, quoted, quote_in_quoted, closed, row_end };

  csv_parser(std::string file, byte_reader reader);
  status begin(std::optional<char> delimiter);
  status refill(); // leaves the buffer empty at the end of the file
  status consume(int byte, state& now);
  status end_field(bool quoted);
  bool is_blank(int byte) const; // that does not count around a field
  bool blank() const;

  std::string file_;
  byte_reader reader_;
  std::vector<char> buffer_;
  std::size_t buffered_ = 0;
  std::size_t position_ = 0;
  line_ends line_ends_;
  csv_preamble preamble_;
  std::int64_t line_ = 1;

  std::vector<std::string> fields_;
  std::string field_; // being read
  bool any_quoted_ = false;
  std::int64_t row_line_ = 0;
};

} // namespace syngrad
