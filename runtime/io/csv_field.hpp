// A field of comma-separated values (RFC 4180), as spreadsheets and Python's csv module read it back.
#pragma once

#include <string>
#include <string_view>

namespace syngrad {

// In quotes where it holds a comma, a quote or a line end; a quote is doubled.
inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

} // namespace syngrad
