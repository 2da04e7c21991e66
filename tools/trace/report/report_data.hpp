// All that a report shows, found out beforehand: making the page from it touches no file and no trace.
#pragma once

#include "tools/trace/analysis/critical_path.hpp"
#include "tools/trace/analysis/gradient_quality.hpp"
#include "tools/trace/analysis/latency.hpp"
#include "tools/trace/analysis/lock_replay.hpp"
#include "tools/trace/analysis/queue_depth.hpp"
#include "tools/trace/analysis/staleness.hpp"
#include "tools/trace/analysis/traffic.hpp"
#include "tools/trace/analysis/utilisation.hpp"
#include "tools/trace/report/run_summary.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct report_data {
  std::string run;     // its name: the folder's last part
  std::string started; // "2025-03-01 12:00:00 UTC"; empty: unknown
  run_summary summary; // from summary.json
  trace_names names;   // with the facts of the run
  std::int64_t span_ns = 0;
  std::uint64_t records = 0, lost = 0;
  std::uint32_t sample = 1;
  bool ended = true;
  std::size_t nodes = 1;
  std::int64_t clock_uncertainty_ns = 0; // negative: unknown
  std::vector<std::string> bottlenecks;  // a sentence each, the worst first
  std::vector<std::string> damage;       // a sentence each

  utilisation times;
  latencies latency;
  queue_depths queues;
  staleness_result staleness;
  gradient_qualities gradients;
  traffic bytes;
  result<critical_path> path = error{"it was not looked for"};
  result<lock_replay> locks = error{"it was not replayed"};
};

} // namespace syngrad::tools
