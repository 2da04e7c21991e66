// A training run in this process: spawns the actors, drives them to the end, and reports.
//
// Threads: run() blocks its caller until the run has ended; interrupt() may be called from any thread. Observer calls
// come from one thread of the actor system at a time.
#pragma once

#include "actors/settings.hpp"
#include "actors/trainer.hpp"
#include "models/network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

namespace syngrad {

// What a run tells while it runs. Any callback may be empty.
struct training_observer {
  std::function<void(const progress_report&)> on_progress; // about every `progress_interval_s`
  std::function<void(const evaluation_report&)> on_evaluation;
  std::function<void(const std::string&)> on_notice; // a line for the user: warnings, the dump of a hang
  double progress_interval_s = 1;
};

class trace_recorder;

// On which devices a run trains. They outlive it.
struct device_places {
  device* source = nullptr;    // makes the batches
  std::vector<device*> groups; // of each group, bottom to top

  // `split` as in the settings: empty is one group.
  static device_places all_on(device& where, const std::vector<int>& split) {
    return {&where, std::vector<device*>(std::max<std::size_t>(1, split.size()), &where)};
  }
};

class training : public trainer {
public:
  // Checks the settings against network and data; nothing is started. `data`, the devices and
  // `trace` (null: no trace is kept) outlive the training.
  static result<std::unique_ptr<training>> prepare(training_settings, network, const dataset& data,
                                                   const device_places&, training_observer = {},
                                                   trace_recorder* trace = nullptr);
  // All of it on one device.
  static result<std::unique_ptr<training>> prepare(training_settings, network, const dataset& data, device& where,
                                                   training_observer = {}, trace_recorder* trace = nullptr);
  ~training() override;

  training_summary run() override;
  void interrupt() override;
  std::vector<layer_group::named_tensor> weights() override;
  status with_weights_now(const weights_use&) override;

private:
  struct implementation;
  explicit training(std::unique_ptr<implementation>);
  std::unique_ptr<implementation> self_;
};

} // namespace syngrad
