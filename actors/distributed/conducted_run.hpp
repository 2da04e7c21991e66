// The coordinator's process in a run over several: gives the orders, has its own part of the run's actors, and gathers
// what the nodes have at the end.
//
// | step      | what ends it                                        | then                                            |
// |-----------|-----------------------------------------------------|-------------------------------------------------|
// | ordering  | every node has built its groups, with our hashes    | open_links to all: joining                      |
// | joining   | every node is ready                                 | the coordinator actor begins: training          |
// | training  | the coordinator actor has its summary               | finish to all: gathering                        |
// | gathering | every node that lives has sent all and is done      | dismiss to all                                  |
// A node that is dead, has trouble, built something else or sends its results too early ends the run from any step:
// finish to the others. So does a run without progress, after all processes were asked what they wait for. Weights may
// be asked for while training (weights_wanted in the inbox): nodes save theirs themselves, and send them.
//
// Threads: run() blocks its caller; interrupt through the inbox. Observer calls come one at a time. with_weights_here()
// from any other one, one at a time.
#pragma once

#include "actors/distributed/run_links.hpp"
#include "actors/distributed/seated_nodes.hpp"
#include "actors/hang_watch.hpp"
#include "actors/links/wire_format.hpp"
#include "actors/trainer.hpp"
#include "models/layer_group.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syngrad {

// What the coordinator's process brings along to conduct a run over several.
struct conductor_setup {
  caf::actor_system* system = nullptr;
  run_inbox* inbox = nullptr;
  device* host = nullptr; // where tensors from other processes arrive
  std::vector<seated_node> nodes;
  run_order order;                         // but for `node`
  std::vector<std::uint64_t> hashes;       // of each group
  std::vector<std::uint64_t> weight_bytes; // of each group: no node may send more
  link_options options;
  bool gather_traces = false; // the plan has a recorder, then: a node's trace is at most twice as large as its limit
  std::function<void(const std::string& node, const trace_part&)> on_trace;
  double hang_after_s = 60; // 0: never
  // Called where a node was told to end, which ends the run: to save first what there is. Null: nothing is done.
  std::function<void()> on_told_to_end;
};

class conducted_run {
public:
  // `plan` has the data, and the groups that stay in this process.
  conducted_run(conductor_setup, run_plan plan);

  training_summary run(); // once
  // Calls `use` with the weights of the groups in this process, while training: they stand still meanwhile.
  status with_weights_here(const weights_use& use);
  // After run(): of all groups that could be had; those of a node that was lost as it last told them. None where
  // nothing was trained.
  std::vector<layer_group::named_tensor> weights() const;
  // After run(), once: the nodes may go, and drop the weights that they keep where all are `on_disk` here.
  void dismiss_all(bool on_disk);
  bool stuck() const { return !stuck_.empty(); } // some actors did not end: their system must not be destroyed

private:
  using clock = std::chrono::steady_clock;
  using standing = seated_nodes::standing;
  using member = seated_nodes::member;

  // The steps: conducted_run.cpp.
  void order_all();
  void join();
  void begin();
  void finish_all();
  void stop_own_part();
  void gather();
  void sum_up_memory(std::vector<held_memory> of_nodes);
  void notice(const std::string& line);

  // What happens meanwhile: conducted_events.cpp.
  void wait_while(const std::function<bool()>& going_on);
  void take(const run_event&);
  void take(const node_said&);
  void take_built(member&, const built&);
  void take(const peer_dead&);
  void take(const actor_ended&);
  void fail(const std::string& why);
  void end_with(run_end, const std::string& why); // where the coordinator actor can't tell the numbers
  void take(const trouble&);
  void interrupt();
  void end_in_order(const std::string& why);
  void check_links();
  void end_at_a_gap();
  void check_progress();
  enum class waiting : std::uint8_t { over, slow, hung };
  waiting report_waits(const std::string& headline);
  void take(const weights_wanted&);
  void check_weights();

  conductor_setup setup_;
  run_plan plan_;
  seated_nodes nodes_;
  running_actors actors_;
  run_links links_;
  std::future<training_summary> outcome_;
  bool begun_ = false;
  int interrupts_ = 0; // of this process; one that a node tells of does not count as a second one
  bool told_to_end_ = false;
  std::optional<training_summary> summary_;
  struct broken_link {
    std::string why;
    clock::time_point since;
  };
  std::optional<broken_link> broken_;
  bool gap_ends_it_ = false; // it was interrupted while a network was away
  std::uint64_t ending_beat_ = 0;
  std::optional<clock::time_point> ending_since_; // the last progress of an interrupted run
  hang_watch watch_;
  std::optional<hang_inquiry> inquiry_; // while nodes may answer
  std::uint32_t inquiries_ = 0;
  std::optional<weights_inquiry> weights_asked_; // while nodes may answer
  std::uint32_t weights_inquiries_ = 0;
  weights_wanted wish_;                         // who asked
  std::vector<layer_group::named_tensor> told_; // by nodes, while training: the latest that were whole
  std::vector<layer_group::named_tensor> gathered_;
  std::set<std::uint8_t> complete_; // nodes that have sent all that was asked for
  std::vector<std::string> stuck_;
  std::shared_ptr<std::mutex> telling_ = std::make_shared<std::mutex>();
};

} // namespace syngrad
