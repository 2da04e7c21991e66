// The control groups that this process is in, as folders: its own group and all above it, whose limits hold as well.
//
// Version 2 has one hierarchy for everything; in version 1 each controller ("cpu", "memory", "pids") may have its own,
// and a system can have both. Where a container shows a part of a hierarchy only, the walk ends at what it shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

struct control_group {
  std::string folder;
  int version = 2;
};

// Of `controller`, from this process's own up; empty where there are none, or they are not to be seen. `root`
// stands for "/": files below it are read.
std::vector<control_group> find_control_groups(const std::string& controller, const std::string& root = "");

// The first line of `file` in the group's folder; empty where it cannot be read.
std::string read_of(const control_group&, const std::string& file);

// The whole number at the start of `text`; none for "max", and for what is none.
std::optional<std::int64_t> limit_in(const std::string& text);

} // namespace syngrad
