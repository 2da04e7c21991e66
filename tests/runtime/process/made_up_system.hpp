// A tree of files as a system shows them to a process in control groups: what is asked for limits is asked below it.
#pragma once

#include "tests/runtime/io/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace syngrad::test {

class made_up_system {
public:
  static inline const std::string top = "/sys/fs/cgroup"; // of control groups

  std::string root() const { return folder_.file("root"); }

  // `path` from the made-up root.
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole(root() + path);
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }

  // Version 2, whole hierarchy visible, this process in `group`.
  void unified(const std::string& group) const {
    write("/proc/self/cgroup", "0::" + group + "\n");
    write("/proc/self/mountinfo", "22 1 0:20 / /sys rw - sysfs sysfs rw\n"
                                  "30 22 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  }

  // Version 1 for `controller` beside an empty version 2, as systemd's hybrid has it.
  void separate(const std::string& controllers, const std::string& group) const {
    write("/proc/self/cgroup", "7:" + controllers + ":" + group + "\n1:name=systemd:/user\n0::/\n");
    write("/proc/self/mountinfo", "31 22 0:27 / /sys/fs/cgroup/" + controllers + " rw - cgroup cgroup rw," +
                                    controllers + "\n32 22 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  }

private:
  temporary_folder folder_;
};

} // namespace syngrad::test
