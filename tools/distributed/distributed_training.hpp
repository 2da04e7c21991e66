// `syngrad train` over several processes, as seen from the coordinator's: waits for nodes or starts them, places the
// groups, and takes the run to its end.
//
// Threads: interrupt() and with_weights_now() from any; the rest from the one that made it.
#pragma once

#include "actors/distributed/conducted_run.hpp"
#include "actors/distributed/group_survey.hpp"
#include "actors/distributed/node_candidates.hpp"
#include "actors/nodes/node_system.hpp"
#include "actors/trainer.hpp"
#include "actors/training.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/distributed/collected_traces.hpp"
#include "tools/distributed/local_nodes.hpp"

#include <atomic>
#include <memory>
#include <optional>

namespace syngrad::tools {

class distributed_training : public trainer {
public:
  struct setup {
    cluster_run run;         // resolved
    std::string folder = {}; // of the run: local nodes have theirs within
    const dataset* data = nullptr;
    training_observer observer = {};
    trace_recorder* trace = nullptr; // null: none
    collected_traces* traces = nullptr;
    std::function<void(const std::string&)> say = {}; // a line for the user
    std::function<void()> on_told_to_end = {};        // by a node: what there is should be saved first
    std::function<bool()> weights_on_disk = {};       // when the run is over: nodes keep theirs until then
  };

  // Checks what can be checked without them, listens, and starts local nodes; nothing is waited for. All that `setup`
  // points to outlives the training.
  static result<std::unique_ptr<distributed_training>> open(setup);
  ~distributed_training() override;

  training_summary run() override;
  void interrupt() override;
  std::vector<layer_group::named_tensor> weights() override { return std::move(weights_); }
  status with_weights_now(const weights_use&) override;

private:
  explicit distributed_training(setup given) : given_(std::move(given)) {}

  status survey();
  status listen();
  status start_local_nodes();
  status wait_for_nodes();
  status place();
  void advise() const;
  result<run_plan> plan_here();
  conductor_setup orders();
  training_summary train();
  void dismiss_nodes();

  setup given_;
  node_count count_;
  cpu_device host_; // where tensors arrive; outlives the system
  std::unique_ptr<node_system> system_;
  std::unique_ptr<run_inbox> inbox_;
  caf::actor inbox_address_;
  local_nodes local_;
  std::optional<node_candidates> nodes_;
  bool interrupted_ = false;
  std::unique_ptr<conducted_run> conducted_; // from when the nodes have had their orders
  std::atomic<bool> training_{false};        // by it
  std::vector<group_place> places_;
  group_survey survey_;
  std::vector<layer_group::named_tensor> weights_;
};

} // namespace syngrad::tools
