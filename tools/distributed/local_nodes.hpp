// Node processes on this machine that belong to this one: none is left behind, whatever ends it.
//
// A node is in a process group of its own, so that Ctrl-C at the terminal reaches the coordinator only, which ends the
// nodes in order. Their standard input is a pipe that this process holds the other end of, and that nobody writes to:
// it ends when this process does, even where that is killed, and a node that sees it end (`--end-with-input`) saves its
// weights and goes. Threads: one at a time.
#pragma once

#include "actors/nodes/limited_wait.hpp"
#include "runtime/result.hpp"
#include "tools/distributed/cluster_options.hpp"

#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <utility>
#include <vector>

namespace syngrad::tools {

// Of the process that starts nodes.
struct node_starter {
  endpoint listening;
  std::string name;
  std::string folder; // of the run: each node has its own in there, named like the node
};

std::string local_node_name(int number); // "local-1", counted from 1

// Where a process of this machine reaches one that listens at `listening`: loopback where that is every address.
endpoint local_address(const endpoint& listening);

// How a node is started, from what the run was told: the words after `syngrad`. With TLS a node needs a certificate of
// its own, local-1.pem and local-1-key.pem, beside the run's; the message names the file that is missing and the
// command that makes all.
result<std::vector<std::string>> local_node_command(const cluster_run&, const node_starter&, int number);

class local_nodes {
public:
  local_nodes() = default;
  local_nodes(local_nodes&&) = delete;
  local_nodes& operator=(local_nodes&&) = delete;
  ~local_nodes(); // tells those that still run to end, waits a while, then kills

  // Starts this program again, as `syngrad ARGUMENTS...`.
  status start(const std::vector<std::string>& arguments);
  struct ended_node {
    std::string how; // for people
    bool interrupted = false;
  };
  // One that has ended already; each is told once.
  std::optional<ended_node> first_that_ended();

private:
  std::vector<pid_t> running_;
  int their_input_ = -1, our_end_ = -1; // of the pipe
};

// The node's end of that pipe: calls a function when standard input ends. That is when the starter is gone, whatever
// ended it. What comes before is read and dropped.
//
// The function is called once, on a thread of this object's own. Make it after the signal_watcher.
class input_end {
public:
  // `input`: standard input, or what a test gives instead.
  explicit input_end(std::function<void()> ended, int input = 0);
  ~input_end();
  input_end(const input_end&) = delete;
  input_end& operator=(const input_end&) = delete;

private:
  void watch();

  std::function<void()> ended_;
  int input_;
  stop_switch stop_; // the destructor's word to the thread
  std::thread thread_;
};

} // namespace syngrad::tools
