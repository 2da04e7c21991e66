// --resume RUN: a run of `syngrad train` that goes on where its newest whole checkpoint is, in its folder, with the
// options of its run.ini and those of the command line that it can go on with.
#pragma once

#include "actors/checkpoints/checkpoint_folder.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/run_folder/run_folder.hpp"
#include "tools/train/train_options.hpp"

#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

struct resumed_run {
  run_folder folder;
  checkpoint from;
  std::vector<std::string> notes; // for the user: why newer checkpoints were not taken

  // Metrics of steps up to this one stay; those of later ones come again. An evaluation of the checkpoint's own step
  // does where it was due when the state was saved.
  std::int64_t last_metrics() const;
};

// Reads the options that `run` has in its run.ini, and above them those of the command line. Refused by its name is
// what would make another run of it: another network, other data, another way to learn.
status read_resumed_options(const std::string& run, std::span<const std::string> arguments, option_reader& reader);

// Takes the folder, and reads the checkpoint. `run`: a run's folder, or one checkpoint in it.
result<resumed_run> open_resumed_run(const std::string& run);

// Whether the data is that of the checkpoint.
status check_same_data(const resumed_run&, const std::string& source, const std::string& sum);

// Later checkpoints and the trace of what was done after the last one are put out of the way. When all that can fail
// before the training has been done. Returns lines for the user.
result<std::vector<std::string>> clear_what_comes_again(const resumed_run&);

} // namespace syngrad::tools
