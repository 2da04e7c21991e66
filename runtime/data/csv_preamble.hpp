// What stands before the first row of a table, and what separates the fields of that row.
//
//   preamble = { blank line | comment | "sep=" separator }     each ends with "\n"
//   comment  = ("#" | "%" | "//") { any byte but "\n" }
//
// Where nothing else is asked for, the comma, semicolon, tab or bar that the first row has separates. Where it has
// several, that one does which divides the rows after it alike. Quotes hide what is in them.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

} // namespace syngrad
