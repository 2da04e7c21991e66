// The trace of a training run: its recorder, the folder trace/ that it fills, and the report that is made of it.
#pragma once

#include "runtime/trace/trace_recorder.hpp"
#include "tools/distributed/collected_traces.hpp"
#include "tools/run_folder/run_folder.hpp"
#include "tools/train/train_options.hpp"

#include <memory>
#include <string>

namespace syngrad::tools {

class run_tracing {
public:
  // Makes RUN/trace and takes the space of its rings, unless the mode is off. On failure nothing stays in the folder.
  static result<run_tracing> start(const train_options&, const counted_unit&, const run_folder&);

  run_tracing(run_tracing&&) noexcept = default;
  ~run_tracing();

  trace_recorder* recorder() { return recorder_.get(); } // null: off
  // Where the traces of other processes go, to be part of this one at its end.
  collected_traces& others() { return others_; }
  // The run never started: removes what was made.
  void discard();
  // After the run: closes the trace and writes report.html. `folder`: the run's, now, which may have been renamed; it
  // is `lost` where the trace is in another one, which may have been removed. Returns a line for the user, empty where
  // nothing was traced. After a run that hung its actors may still record: then the recorder stays, for as long as the
  // process lives.
  std::string finish(const std::string& folder, bool lost, bool hung);

private:
  explicit run_tracing(std::string run_path) : run_path_(std::move(run_path)), others_(run_path_) {}

  std::string run_path_;
  std::unique_ptr<trace_recorder> recorder_;
  collected_traces others_;
};

} // namespace syngrad::tools
