#include "tools/trace/commands/over_time_table.hpp"

#include <algorithm>

namespace syngrad::tools {

int over_time_rows(const trace_request& request) {
  if (request.limit > 0) return static_cast<int>(std::min<std::int64_t>(request.limit, 100'000));
  return request.format == "table" ? 12 : 60;
}

over_time_table::over_time_table(std::string name, std::int64_t begin_ns, std::int64_t bucket_ns)
  : table_{std::move(name), {{"from", "s", 3}}, {}}, begin_ns_(begin_ns), bucket_ns_(bucket_ns) {}

void over_time_table::add(const std::string& title, int decimals, const std::vector<float>& values) {
  std::string key = title;
  std::replace(key.begin(), key.end(), ' ', '_');
  table_.columns.push_back({key, "", decimals});
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == table_.rows.size())
      table_.rows.push_back({static_cast<double>(begin_ns_ + bucket_ns_ * static_cast<std::int64_t>(i)) / 1e9});
    table_.rows[i].push_back(real_or_none(static_cast<double>(values[i])));
  }
}

} // namespace syngrad::tools
