// An answer as aligned text, CSV or JSON. Each says how many records were lost: CSV, which has rows only, beside
// itself.
#pragma once

#include "tools/trace/answer.hpp"

#include <string>

namespace syngrad::tools {

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
