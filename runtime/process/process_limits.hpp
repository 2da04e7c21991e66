// What this process may use of processors, memory and threads: found out here alone, before work begins.
// `root` stands for "/" in all of it: files below it are read.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace syngrad {

// ---- processors
//
// A scheduler or a container gives a process less than the machine has: by its affinity (taskset, cpusets, Slurm), or
// by a quota of CPU time of a control group (docker --cpus, systemd CPUQuota). Threads beyond that only wait for each
// other.

struct processor_limits {
  int installed = 1;           // that the machine has running
  int allowed = 1;             // by the affinity of the calling thread
  std::optional<double> quota; // processors' worth of time; the least of this process's control groups
  std::string quota_of;        // the file that sets it

  // A quota is rounded to the nearest whole number: of 1.5 processors a second thread uses what the first leaves.
  int usable() const;
  // Why `usable` is less than what is installed: "1 of 64 by affinity"; empty where it is not.
  std::string reason() const;
};

// Affinity and the number installed are this machine's in any case.
processor_limits find_processor_limits(const std::string& root = "");

int usable_processors(); // at least 1

// Of `all`, what the `number`th (from 1) of `sharers` gets: evenly, the first ones one more; at least 1.
int share_of_processors(int all, int sharers, int number);

// ---- memory: of the machine, and within the limits of control groups

struct memory_room {
  std::uint64_t bytes = 0;
  // The folder of the control group that leaves least; empty: the machine's memory is all that counts.
  std::string limited_by;
};

// What files cache counts as room, for it is given back. None where the system does not tell.
std::optional<memory_room> find_memory_room(const std::string& root = "");

// ---- threads
//
// They are counted by the user (RLIMIT_NPROC, ulimit -u) and by control groups (pids.max; docker --pids-limit, systemd
// TasksMax). A library that cannot start one may abort, crash or wait for ever, so the room is tried out: as many are
// started as will be needed, and ended.

// Starts `wanted` threads that exist at the same time, ends them, and returns how many there were.
int try_threads(int wanted);

// What limits the threads of this process, for people: "pids.max of '/sys/fs/cgroup/x' is 20, and 17 are in use".
std::string thread_limits(const std::string& root = "");

// Fails where fewer than `wanted` can be started, with the limits. `start`: for tests.
status check_thread_room(int wanted, const std::function<int(int)>& start = try_threads, const std::string& root = "");

} // namespace syngrad
