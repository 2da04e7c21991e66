// A training run in this process: spawns the actors, drives them to the end, and reports.
//
// Threads: run() blocks its caller until the run has ended; interrupt() and checkpoint_now() may be called from any
// thread. Observer calls
// come from one thread of the actor system at a time.
#pragma once

#include "actors/settings.hpp"
#include "actors/trainer.hpp"
#include "models/network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"

#include <memory>
#include <vector>

namespace syngrad {

class trace_recorder;

class training : public trainer {
public:
  // Checks the settings against network and data; nothing is started. `data`, the devices and
  // `trace` (null: no trace is kept) outlive the training. `go_on_from`: a run that was saved (run_restore.hpp); null:
  // it begins.
  static result<std::unique_ptr<training>> prepare(training_settings, network, const dataset& data,
                                                   const device_places&, training_observer = {},
                                                   trace_recorder* trace = nullptr,
                                                   std::shared_ptr<const saved_run> go_on_from = nullptr);
  // All of it on one device.
  static result<std::unique_ptr<training>> prepare(training_settings, network, const dataset& data, device& where,
                                                   training_observer = {}, trace_recorder* trace = nullptr,
                                                   std::shared_ptr<const saved_run> go_on_from = nullptr);
  ~training() override;

  training_summary run() override;
  void interrupt() override;
  void checkpoint_now() override;
  std::vector<layer_group::named_tensor> weights() override;
  status with_weights_now(const weights_use&) override;

private:
  struct implementation;
  explicit training(std::unique_ptr<implementation>);
  std::unique_ptr<implementation> self_;
};

} // namespace syngrad
