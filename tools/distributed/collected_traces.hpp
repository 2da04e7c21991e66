// The nodes' traces, gathered at the end of a run: their files beside the coordinator's own trace, then all in one.
//
// One thread at a time.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <set>
#include <string>

namespace syngrad::tools {

// Sends every file of a node's trace folder in pieces. Returns what went wrong; empty: nothing.
status send_trace_files(const std::string& folder, const std::function<void(trace_part)>& send);

struct collected_count { // in all traces together
  std::uint64_t records = 0, lost = 0, bytes = 0;
};

class collected_traces {
public:
  explicit collected_traces(std::string run_path) : run_path_(std::move(run_path)) {}

  // Appends to RUN/trace-NAME/FILE.
  void take(const std::string& node, const trace_part&);
  // The run's folder has another name.
  void follow(const std::string& run_path) { run_path_ = run_path; }
  bool empty() const { return folders_.empty(); }
  // After the coordinator's own trace is closed: RUN/trace becomes the trace of all, which is counted. Where that
  // fails, the nodes' stay where they are; the message says how to go on.
  result<collected_count> merge();

private:
  std::string run_path_;
  status so_far_ = ok();
  std::set<std::string> folders_; // in the run's
};

} // namespace syngrad::tools
