// A table of means over time: a row a bucket, a column each for actors or interfaces.
#pragma once

#include "tools/trace/trace_command.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

// --limit, or enough for people or for programs.
int over_time_rows(const trace_request&);

class over_time_table {
public:
  // `begin_ns`: of the first bucket, since the run began.
  over_time_table(std::string name, std::int64_t begin_ns, std::int64_t bucket_ns);

  // NaN: nothing was measured then. All series are as long as the first.
  void add(const std::string& title, int decimals, const std::vector<float>& values);
  const answer_table& table() const { return table_; }

private:
  answer_table table_;
  std::int64_t begin_ns_, bucket_ns_;
};

} // namespace syngrad::tools
