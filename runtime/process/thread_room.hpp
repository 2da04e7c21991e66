// Whether this process may start more threads: what a limit forbids is found before work begins, and said.
//
// Threads are counted by the user (RLIMIT_NPROC, ulimit -u) and by control groups (pids.max; docker --pids-limit,
// systemd TasksMax). A library that cannot start one may abort, crash or wait for ever, so the room is tried out: as
// many are started as will be needed, and ended.
#pragma once

#include "runtime/result.hpp"

#include <functional>
#include <string>

namespace syngrad {

// Starts `wanted` threads that exist at the same time, ends them, and returns how many there were.
int try_threads(int wanted);

// What limits the threads of this process, as text for people: "pids.max of '/sys/fs/cgroup/x' is 20, and 17 are in
// use".
std::string thread_limits(const std::string& root = "");

// Fails where fewer than `wanted` can be started, with the limits. `start`, `root`: for tests.
status check_thread_room(int wanted, const std::function<int(int)>& start = try_threads, const std::string& root = "");

} // namespace syngrad
