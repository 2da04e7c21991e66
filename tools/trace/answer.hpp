// What a trace command finds out: tables of typed cells, notes, and text for people only. How it is shown (aligned
// columns, CSV, JSON) is decided apart from that, so every command gives numbers to people and to scripts.
#pragma once

#include "tools/subcommand.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace syngrad::tools {

// Nothing (there is no such number), text, a whole number, or a real one.
using cell = std::variant<std::monostate, std::string, std::int64_t, double>;

// NaN: there is no such number.
inline cell real_or_none(double value) {
  return std::isnan(value) ? cell() : cell(value);
}

struct answer_column {
  std::string title; // "p99"; the key in JSON, so: lower case, words joined by _
  std::string unit;  // "us"; empty: none. A "share" is 0 to 1, shown as a percentage; a "bar" a share drawn as a bar
  int decimals = 1;  // of real numbers, for people
};

struct answer_table {
  std::string name; // "handlers"; the key in JSON
  std::vector<answer_column> columns;
  std::vector<std::vector<cell>> rows; // as wide as the columns
};

struct answer {
  static answer failed(error why) {
    answer out;
    out.failure = std::move(why);
    return out;
  }

  std::string text; // before the tables, for people only
  std::vector<answer_table> tables;
  std::vector<std::string> notes; // whole sentences, after the tables
  exit_code code = exit_code::done;
  std::uint64_t records = 0, lost = 0; // of runs that the command opened itself
  bool aside = false;                  // shown on the standard error: the standard output holds what was asked for
  std::optional<error> failure;        // the work failed, not the usage
};

// An answer as aligned text, CSV or JSON. Each says how many records were lost: CSV, which has rows only, beside
// itself.

struct answer_context {
  std::uint64_t records = 0, lost = 0;
  std::uint32_t sample = 1;
};

// A column and a cell of it for people: "norm ratio", "wait, us"; "12,345", "50 %", a bar; "-" where there is nothing.
std::string column_heading(const answer_column&);
std::string cell_text(const cell&, const answer_column&);

// Aligned columns, notes below, and last a line with records and lost.
std::string format_table(const answer&, const answer_context&);
// A header line and rows, nothing else.
std::string format_csv(const answer_table&);
// Notes, and a line with records and lost: what stands below the tables for people.
std::string format_remarks(const answer&, const answer_context&);
// {"tables": {name: [{column: value, ...}, ...]}, "notes": [...], "records": N, "lost_records": N, "sample": N}
std::string format_json(const answer&, const answer_context&);

} // namespace syngrad::tools
