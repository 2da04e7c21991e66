// What a run does at the moment, from what was recorded since the last look. One thread at a time.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct live_actor {
  std::string name;
  double handled_a_second = 0;
  std::int64_t waiting = 0; // messages, now
  double busy = 0;          // share of the time since the last look
};

struct live_numbers {
  double seconds = 0; // since the run's first record
  double span_s = 0;  // since the last look
  double records_a_second = 0, messages_a_second = 0, batches_a_second = 0;
  std::vector<live_actor> actors; // that have handled anything so far, in the order of their ids
};

class live_view {
public:
  // Takes what was recorded from the last `until_ns` (the first time: from the start) to this one.
  live_numbers look(const trace_run&, std::int64_t until_ns);

private:
  struct state {
    std::int64_t waiting = 0;
    std::optional<std::int64_t> busy_since_ns;
    std::int64_t busy_ns = 0, handled = 0; // since the last look
    bool seen = false;
  };
  void take(const trace_record&);
  void arrive(std::uint32_t actor);

  std::map<std::uint32_t, state> actors_;
  std::optional<std::int64_t> last_ns_;
  std::int64_t records_ = 0, messages_ = 0, batches_ = 0; // since the last look
};

// A headline and a table; every line ends with a line break.
std::string text_of(const live_numbers&, const trace_run&);

} // namespace syngrad::tools
