// Writes what a run leaves behind: metrics as they come, weights and summary at the end.
//
// Space for weights and summary is taken when the run starts, so they can be saved even where the disk fills up
// meanwhile. One thread at a time.
#pragma once

#include "actors/summary.hpp"
#include "models/layer_group.hpp"
#include "models/network.hpp"
#include "runtime/io/atomic_file.hpp"
#include "tools/devices/device_report.hpp"
#include "tools/run_folder/metrics_csv.hpp"
#include "tools/run_folder/run_folder.hpp"
#include "tools/run_folder/tensorboard_events.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

class run_recorder {
public:
  struct plan {
    std::string run_ini; // its text
    std::string model;   // kept with the weights
    int groups = 0;
    std::size_t weight_bytes = 0; // to reserve; see weights_size()
  };

  // Creates every file. On failure nothing stays in the folder.
  static result<run_recorder> open(const run_folder&, const plan&);

  // Removes every file again: the run never started.
  void discard();
  status evaluation(const evaluation_report&);
  // Commits weights and summary, also where evaluation() had failed. Once.
  status finish(const training_summary&, std::span<const layer_group::named_tensor> weights,
                std::span<const device_report> devices = {});

private:
  run_recorder(atomic_file weights, atomic_file summary, metrics_csv metrics, tensorboard_events events,
               std::string model, std::vector<std::string> plain_files);

  atomic_file weights_;
  atomic_file summary_;
  metrics_csv metrics_;
  tensorboard_events events_;
  std::string model_;
  std::vector<std::string> plain_files_; // the paths of those that are not made by commit()
};

// Bytes that the weights file of `model` takes.
std::size_t weights_size(const network& model);

} // namespace syngrad::tools
