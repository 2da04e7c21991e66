// Whether a trace is whole and makes sense: its chunks, the numbers of its records, and what they say together.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct checked_rule {
  std::string what;
  std::int64_t looked_at = 0, wrong = 0;
};

struct trace_problem {
  std::string where, what;
};

struct trace_verdict {
  std::vector<checked_rule> rules;
  std::vector<trace_problem> problems; // the first ones
  std::int64_t open_handlers = 0;      // begun and not ended: of a run that goes on or was killed
  std::int64_t begun_unsent = 0;       // begun without a send in the trace
  bool judged_pairs = true;            // false: records are lost, so that one that stands alone proves nothing
  bool judged_sends = true;            // false: likewise, or the nodes' clocks are not known

  bool good() const;
};

trace_verdict check_trace(const trace_run&, std::size_t most_problems);

} // namespace syngrad::tools
