// Node processes on this machine that belong to this one: none is left behind, whatever ends it.
//
// A node is in a process group of its own, so that Ctrl-C at the terminal reaches the coordinator only, which ends the
// nodes in order. Where the coordinator is killed the system ends them (parent death signal), and they notice by their
// connection too. Threads: start() by one that lives as long as the nodes shall.
#pragma once

#include "runtime/result.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace syngrad::tools {

class local_nodes {
public:
  local_nodes() = default;
  local_nodes(local_nodes&& other) noexcept : running_(std::move(other.running_)) { other.running_.clear(); }
  local_nodes& operator=(local_nodes&&) = delete;
  ~local_nodes(); // asks those that still run to end, waits a while, then kills

  // Starts this program again, as `syngrad ARGUMENTS...`.
  status start(const std::vector<std::string>& arguments);
  // Whether one has ended already; why, for people.
  std::string first_that_ended();

private:
  std::vector<pid_t> running_;
};

} // namespace syngrad::tools
