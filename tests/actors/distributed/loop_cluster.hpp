// A run over several "processes" within one: each has an inbox, a plan and a thread of its own, and loops join them
// instead of a network.
#pragma once

#include "actors/distributed/conducted_run.hpp"
#include "actors/distributed/member_run.hpp"
#include "tests/actors/distributed/loop_peers.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace syngrad::test {

struct loop_cluster {
  using weights = std::map<std::string, std::vector<float>>;
  struct outcome {
    training_summary summary;
    weights gathered;
    std::vector<std::string> told; // to the coordinator's user
    // Of nodes.
    std::map<int, member_outcome> nodes;
    std::map<int, weights> kept;               // by the nodes themselves
    std::map<int, std::vector<weights>> saved; // while training: on their disks, each time
    std::map<int, std::vector<std::string>> told_there;
  };

  training_settings settings;
  std::vector<std::uint8_t> node_of;
  std::function<void(training_settings&, int node)> spoil = {}; // what a node builds
  std::function<void(network&)> change = {};                    // what everybody builds
  std::function<void(network&, int node)> change_at = {};       // what one process builds
  std::function<void(conductor_setup&)> prepare = {};
  // While training, after the first evaluation; from a thread of the run.
  std::function<void(loop_peers&, const std::map<int, caf::actor>& inboxes)> meanwhile = {};
  // A line for the coordinator's user; from the thread that conducts the run.
  std::function<void(loop_peers&, const std::string&)> on_line = {};
  bool on_disk = true;              // what becomes of the coordinator's weights
  const dataset* samples = nullptr; // null: data()

  outcome run() const;

  static constexpr const char* model = "mlp:5-4x3-3";
  static const dataset& data();
  static training_settings four_groups(const std::string& policy);
  static weights by_name(const std::vector<layer_group::named_tensor>&);

private:
  run_plan plan_of(const training_settings&, std::uint8_t node, device& where, training_observer = {}) const;
  conductor_setup setup_of(caf::actor_system&, run_inbox&, loop_peers&, device&) const;
  void run_node(caf::actor_system&, loop_peers&, run_inbox&, device&, int node, outcome&, std::mutex&) const;
};

} // namespace syngrad::test
