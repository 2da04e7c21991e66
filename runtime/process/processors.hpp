// How many processors this process may use: the one place that is asked for it.
//
// A scheduler or a container gives a process less than the machine has: by its affinity (taskset, cpusets, Slurm), or
// by a quota of CPU time of a control group (docker --cpus, systemd CPUQuota). Threads beyond that only wait for each
// other.
#pragma once

#include <optional>
#include <string>

namespace syngrad {

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

// `root`: see control_groups.hpp; affinity and the number installed are this machine's in any case.
processor_limits find_processor_limits(const std::string& root = "");

int usable_processors(); // at least 1

// Of `all`, what the `number`th (from 1) of `sharers` gets: evenly, the first ones one more; at least 1.
int share_of_processors(int all, int sharers, int number);

} // namespace syngrad
