// A process that takes part in a run which another one coordinates (coordinated_training.hpp): it joins, builds the
// groups that it is given, trains them, and hands over their weights.
#pragma once

#include "actors/distributed/member_run.hpp"
#include "actors/nodes/node_system.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace syngrad {

// What a node has of a run, made as its order says. As it is, everything is on the CPU and in memory; derive from it
// for other devices, a trace, or weights on a disk.
//
// One thread at a time; outlives the actors that use it.
class node_work {
public:
  virtual ~node_work() = default;

  // The groups that are placed here. The message names the setting, the device or the file.
  result<run_plan> build(const run_order&);
  const run_settings& settings() const { return settings_; } // once built

  // Sends what there is of a trace, and closes it. What went wrong; empty: nothing.
  virtual status send_trace(const std::function<void(trace_part)>&) { return ok(); }
  // Saves weights, which replace those that were saved before, and says where.
  virtual result<std::string> save(std::span<const layer_group::named_tensor>) {
    return error::file("they have no file");
  }
  // Drops what was saved: the coordinator has the weights on its disk.
  virtual void forget_weights() {}
  // Leaves what the actors use alive until the process ends: they hang.
  virtual void abandon();

protected:
  // By the names that this node offers: "cpu", "cuda:0".
  virtual result<std::unique_ptr<device>> make_device(const std::string& name);
  // Of this node's part of the run; null: none. It outlives the actors.
  virtual result<trace_recorder*> start_trace(const run_order&) { return nullptr; }
  // The plan is made; what it fails with ends the run.
  virtual status built(const run_plan&) { return ok(); }

private:
  run_settings settings_;
  std::vector<std::pair<std::string, std::unique_ptr<device>>> devices_;
};

struct node_setup {
  endpoint join;                    // where the coordinator listens
  network_settings network;         // without `listen`: an address that fits `join`, at any port
  std::optional<double> wait_for_s; // for the coordinator; none: as long as it takes
  std::string devices = "cpu";      // that this node offers: "cpu,cuda:0"; node_work makes them
  int threads = 1, intra_op = 1;
  std::function<void(const std::string&)> say; // a line for the user
};

// Threads: run() blocks its caller. interrupt(), keep_weights() and starter_is_gone() from any, at any time: also
// before open(), and after run().
class joined_node {
public:
  explicit joined_node(node_setup setup) : setup_(std::move(setup)) {}
  ~joined_node();

  // Finds out what this process is called, and opens its port. The message names the option.
  status open();
  const std::string& name() const { return name_; } // once it is open

  // Takes part in one run, from the coordinator's order to its dismissal; once. Where the coordinator has not got the
  // weights, they are saved here, which `why` says.
  member_outcome run(node_work&);

  void interrupt() { tell(interrupt_run{}); }            // ends the run, in order; a second time: leaves it, at once
  void keep_weights() { tell(syngrad::keep_weights{}); } // saves them as they are now; the run goes on
  void starter_is_gone() { tell(starter_gone{}); }       // as if the coordinator were

private:
  template <class Event>
  void tell(Event event) {
    const std::lock_guard lock(mutex_);
    if (inbox_)
      caf::anon_send(inbox_, event);
    else
      early_.push_back(caf::make_message(event));
  }
  void aim(caf::actor inbox);
  void conclude(member_outcome&, const member_run&, bool has_plan, node_work&);
  void say(const std::string& line) const;

  node_setup setup_;
  cpu_device host_; // outlives the system, whose actors use it
  std::unique_ptr<node_system> system_;
  std::string name_;
  std::mutex mutex_; // guards what follows
  caf::actor inbox_;
  std::vector<caf::message> early_; // what was told before there was an inbox
};

// All of it, for a program that leaves ends and devices as they are: everything is on the CPU, and kept in memory.
member_outcome take_part(node_setup);

} // namespace syngrad
