// `syngrad train` over several processes, as seen from the coordinator's: the library's coordinated_training, with what
// --place says, the nodes that --local-nodes starts, and the nodes' traces.
//
// Threads: interrupt() and with_weights_now() from any; the rest from the one that made it.
#pragma once

#include "actors/distributed/coordinated_training.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/distributed/collected_traces.hpp"
#include "tools/distributed/local_nodes.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

  training_summary run() override;
  void interrupt() override { run_->interrupt(); }
  void checkpoint_now() override { run_->checkpoint_now(); }
  std::vector<layer_group::named_tensor> weights() override { return run_->weights(); }
  status with_weights_now(const weights_use& use) override { return run_->with_weights_now(use); }

private:
  explicit distributed_training(setup given) : given_(std::move(given)) {}

  coordinated_training::setup library_setup(node_count);
  status start_local_nodes();
  std::optional<error> nodes_that_ended();
  void advise(const std::vector<placeable_group>&, const std::vector<group_place>&,
              const std::vector<placeable_node>&) const;

  setup given_;
  node_count count_;
  local_nodes local_; // go once nobody here waits for their answers
  std::unique_ptr<coordinated_training> run_;
};

} // namespace syngrad::tools
