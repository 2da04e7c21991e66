// A run over several processes, as the process sees it that coordinates it: waits for nodes (joined_node.hpp), places
// the groups, and takes the run to its end. A node builds its groups from the run's settings, so its program knows the
// same networks, policies and objectives (register_network and the like).
//
// Threads: interrupt() and with_weights_now() from any; the rest from the one that made it.
#pragma once

#include "actors/distributed/conducted_run.hpp"
#include "actors/distributed/group_survey.hpp"
#include "actors/distributed/node_candidates.hpp"
#include "actors/distributed/node_wait.hpp"
#include "actors/nodes/node_system.hpp"
#include "actors/trainer.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syngrad {

class coordinated_training : public trainer {
public:
  using placing = std::function<result<std::vector<group_place>>(const std::vector<placeable_group>&,
                                                                 const std::vector<placeable_node>&)>;
  struct setup {
    run_settings settings;            // with a model that make_network() knows in every process
    network_settings network;         // without `listen`: 127.0.0.1, at any port
    int threads = 1;                  // that run the actors of this process
    node_count nodes;                 // that take part
    std::optional<double> wait_for_s; // for them; none: as long as it takes
    std::set<std::string> names;      // of nodes that may join; empty: any
    std::set<std::string> awaited;    // nodes without which the run cannot begin
    placing place;                    // null: by cost, all groups on nodes
    const dataset* data = nullptr;
    training_observer observer;
    trace_recorder* trace = nullptr; // null: none
    // A piece of a node's trace; where there is `trace`.
    std::function<void(const std::string& node, const trace_part&)> on_trace;
    std::function<void(const std::string&)> say; // a line for the user
    // Asked again and again while nodes are waited for: why waiting is of no use.
    std::function<std::optional<error>()> gives_up;
    // Once it is known where the groups go.
    std::function<void(const std::vector<placeable_group>&, const std::vector<group_place>&,
                       const std::vector<placeable_node>&)>
      on_placed;
    std::function<void()> on_told_to_end; // by a node: what there is should be saved first
    // When the run is over: whether the weights are safe, else nodes keep theirs. Null: they are once they are here.
    std::function<bool()> weights_on_disk;
  };

  // Checks what can be checked without nodes, and listens; nothing is waited for. All that `setup` points to outlives
  // the training. The message names the setting at fault.
  static result<std::unique_ptr<coordinated_training>> open(setup);
  ~coordinated_training() override;

  const endpoint& listening() const { return system_->listening(); }       // numeric, with the actual port
  const process_identity& identity() const { return system_->identity(); } // its address: where others find it

  training_summary run() override;
  void interrupt() override;
  void checkpoint_now() override; // says that it cannot
  std::vector<layer_group::named_tensor> weights() override { return std::move(weights_); }
  status with_weights_now(const weights_use&) override;

private:
  explicit coordinated_training(setup given) : given_(std::move(given)) {}

  void say(const std::string& line) const;
  status survey();
  status listen();
  status wait_for_nodes();
  status place();
  result<run_plan> plan_here();
  conductor_setup orders();
  training_summary train();
  void dismiss_nodes();

  setup given_;
  cpu_device host_; // where tensors arrive; outlives the system
  std::unique_ptr<node_system> system_;
  std::unique_ptr<run_inbox> inbox_;
  caf::actor inbox_address_;
  std::optional<node_candidates> nodes_;
  std::unique_ptr<conducted_run> conducted_; // from when the nodes have had their orders
  std::atomic<bool> training_{false};        // by it
  std::vector<group_place> places_;
  group_survey survey_;
  std::vector<layer_group::named_tensor> weights_;
};

} // namespace syngrad
