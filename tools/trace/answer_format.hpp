// An answer as aligned text, CSV or JSON. Each says how many records were lost.
#pragma once

#include "tools/trace/answer.hpp"

#include <string>

namespace syngrad::tools {

struct answer_context {
  std::uint64_t records = 0, lost = 0;
  std::uint32_t sample = 1;
};

// Aligned columns, notes below, and last a line with records and lost.
std::string format_table(const answer&, const answer_context&);
// A header line and rows for each table; with several, "# name" before each and an empty line between; last
// "# lost records: N".
std::string format_csv(const answer&, const answer_context&);
// {"tables": {name: [{column: value, ...}, ...]}, "notes": [...], "records": N, "lost_records": N, "sample": N}
std::string format_json(const answer&, const answer_context&);

} // namespace syngrad::tools
