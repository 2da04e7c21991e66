// The coordinator's process in a run over several: gives the orders, has its own part of the run's actors, and gathers
// what the nodes have at the end.
//
// | step      | what ends it                                        | then                                            |
// |-----------|-----------------------------------------------------|-------------------------------------------------|
// | ordering  | every node has built its groups, with our hashes    | open_links to all: joining                      |
// | joining   | every node is ready                                 | the coordinator actor begins: training          |
// | training  | the coordinator actor has its summary               | finish to all: gathering                        |
// | gathering | every node that lives has sent all and is done      | dismiss to all                                  |
// A node that is dead, has trouble or built something else ends the run from any step: finish to the others.
//
// Threads: run() blocks its caller; interrupt through the inbox. Observer calls come one at a time.
#pragma once

#include "actors/distributed/control_ends.hpp"
#include "actors/distributed/run_links.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

// A node as the coordinator's process sees it.
struct seated_node {
  run_member who;
  caf::actor peer;
  control_ends control;
};

struct conductor_setup {
  caf::actor_system* system = nullptr;
  run_inbox* inbox = nullptr;
  device* host = nullptr; // where tensors from other processes arrive
  std::vector<seated_node> nodes;
  run_order order;                   // but for `node`
  std::vector<std::uint64_t> hashes; // of each group
  link_options options;
  bool gather_traces = false;
  std::function<void(const std::string& node, const trace_part&)> on_trace;
  double hang_after_s = 60; // 0: never
};

class conducted_run {
public:
  // `plan` has the data, and the groups that stay in this process.
  conducted_run(conductor_setup, run_plan plan);

  training_summary run(); // once
  // After run(): of all groups that could be had.
  std::vector<layer_group::named_tensor> weights() const;
  bool stuck() const { return !stuck_.empty(); } // some actors did not end: their system must not be destroyed

private:
  using clock = std::chrono::steady_clock;
  enum class standing : std::uint8_t { ordered, built, ready, done, dead };
  struct member {
    seated_node node;
    standing stands = standing::ordered;
  };

  void order_all();
  bool all_stand(standing at_least) const;
  void begin();
  void finish_all();
  void dismiss_all();
  void wait_while(const std::function<bool()>& going_on);
  void take(const run_event&);
  void take(const node_said&);
  void take_built(member&, const built&);
  void take_weights(const weights_part&);
  void take_memory(const std::string& node, std::vector<held_memory>);
  void take(const peer_dead&);
  void take(const actor_ended&);
  void fail(const std::string& why);
  void interrupt();
  void check_links();
  void check_progress();
  member* find(std::uint8_t node);
  void notice(const std::string& line);

  conductor_setup setup_;
  run_plan plan_;
  std::map<std::uint8_t, member> members_;
  running_actors actors_;
  run_links links_;
  std::future<training_summary> outcome_;
  bool begun_ = false;
  std::optional<training_summary> summary_;
  struct broken_link {
    std::string why;
    clock::time_point since;
  };
  std::optional<broken_link> broken_;
  std::uint64_t seen_beat_ = 0;
  clock::time_point seen_at_;
  std::vector<layer_group::named_tensor> gathered_;
  std::vector<std::string> stuck_;
  std::shared_ptr<std::mutex> telling_ = std::make_shared<std::mutex>();
};

} // namespace syngrad
