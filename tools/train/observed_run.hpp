// A training run with its eyes open: shows progress, records evaluations, ends the run where recording fails, and
// turns how it ended into files, a summary and an exit code.
//
// Threads: the observer's callbacks come one at a time; execute() is called by the thread that made this object, which
// outlives the training's run.
#pragma once

#include "actors/training.hpp"
#include "runtime/process/energy_meter.hpp"
#include "tools/devices/device_set.hpp"
#include "tools/progress/progress_printer.hpp"
#include "tools/run_folder/run_recorder.hpp"
#include "tools/run_folder/weights_files.hpp"
#include "tools/subcommand.hpp"
#include "tools/train/checkpoint_writer.hpp"
#include "tools/train/early_save.hpp"
#include "tools/train/run_tracing.hpp"
#include "tools/train/train_options.hpp"

#include <functional>
#include <string>

namespace syngrad::tools {

class observed_run {
public:
  // `facts`: what checkpoints say of the run beside its state; asked for with the first of them, on another thread.
  observed_run(run_recorder&, run_tracing&, interruption&, const train_options&,
               std::function<checkpoint_facts()> facts);

  // Before the training: it goes on from `step` in its folder.
  void go_on(std::int64_t step);

  training_observer observer(); // for training::prepare
  exit_code execute(trainer&, device_set&);

private:
  training_summary take_to_its_end(trainer&);
  void record(const evaluation_report&);
  std::string describe_best(const training_summary&);
  exit_code conclude(const training_summary&, const status& saved) const;

  run_recorder& recorder_;
  run_tracing& tracing_;
  interruption& interrupt_;
  const train_options& options_;
  progress_printer printer_;
  std::string write_failure_; // empty while recording works
  best_weights best_;
  checkpoint_writer checkpoints_;
  energy_meter energy_;
  trainer* running_ = nullptr; // whose best weights are kept; null where they are not
};

} // namespace syngrad::tools
