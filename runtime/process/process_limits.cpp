#include "runtime/process/process_limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <fmt/core.h>
#include <fstream>
#include <memory>
#include <mutex>
#include <sched.h>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace syngrad {

// ---- control groups: the folders of this process's own group and of all above it, whose limits hold as well
//
// Version 2 has one hierarchy for everything; in version 1 each controller ("cpu", "memory", "pids") may have its own,
// and a system can have both. Where a container shows a part of a hierarchy only, the walk ends at what it shows.
//
// /proc/self/cgroup has a line for each hierarchy, NUMBER:CONTROLLER,...:PATH (version 2: 0::PATH).
// /proc/self/mountinfo has a line for each mount; the fields that matter are the 4th and 5th, which part of the
// hierarchy is mounted where, and after " - " the type of the file system and the 3rd, its controllers (version 1).

namespace {

struct control_group {
  std::string folder;
  int version = 2;
};

struct hierarchy {
  std::string path; // of this process's group
  int version = 2;
};

struct mount {
  std::string part, folder; // which part of the hierarchy, and where
};

bool lists(const std::string& names, const std::string& name) {
  std::istringstream all(names);
  for (std::string each; std::getline(all, each, ',');)
    if (each == name) return true;
  return false;
}

// A controller that version 1 has is not in version 2.
std::optional<hierarchy> hierarchy_of(const std::string& controller, const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::optional<hierarchy> unified;
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto names = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (lists(names, controller)) return hierarchy{path, 1};
    if (names.empty()) unified = hierarchy{path, 2};
  }
  return unified;
}

// Spaces and their like are written as \040.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<mount> mount_of(const std::string& controller, int version, const std::string& root) {
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string id, parent, device, part, folder, type, source, options;
    before >> id >> parent >> device >> part >> folder;
    after >> type >> source >> options;
    if (version == 2 ? type == "cgroup2" : type == "cgroup" && lists(options, controller))
      return mount{unescaped(part), unescaped(folder)};
  }
  return std::nullopt;
}

// `path` within the mounted part, "" for its top. A path that leads elsewhere (of a namespace that is not ours) is
// taken for the top: what is mounted is all that can be seen.
std::string within(const mount& at, const std::string& path) {
  if (path.find("/..") != std::string::npos) return "";
  if (at.part == "/") return path == "/" ? "" : path;
  if (path == at.part || !path.starts_with(at.part + "/")) return "";
  return path.substr(at.part.size());
}

// Of `controller`, from this process's own up; empty where there are none, or they are not to be seen.
std::vector<control_group> find_control_groups(const std::string& controller, const std::string& root) {
  const auto own = hierarchy_of(controller, root);
  if (!own) return {};
  const auto at = mount_of(controller, own->version, root);
  if (!at) return {};
  std::vector<control_group> groups;
  for (auto path = within(*at, own->path);; path.resize(path.rfind('/'))) {
    groups.push_back({root + at->folder + path, own->version});
    if (path.empty()) return groups;
  }
}

// The first line of a file in the group's folder; empty where it cannot be read.
std::string read_of(const control_group& group, const std::string& name) {
  std::ifstream file(group.folder + "/" + name);
  std::string line;
  std::getline(file, line);
  return line;
}

// The whole number at the start of `text`; none for "max", and for what is none.
std::optional<std::int64_t> limit_in(const std::string& text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

} // namespace

// ---- processors

namespace {

// The kernel's set may be larger than the C library's usual one.
int count_affinity() {
  constexpr int most = 1 << 16;
  for (int processors = 1024; processors <= most; processors *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(static_cast<std::size_t>(processors)),
                                                               [](cpu_set_t* each) { CPU_FREE(each); });
    const auto bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(processors));
    if (set && ::sched_getaffinity(0, bytes, set.get()) == 0) return CPU_COUNT_S(bytes, set.get());
  }
  return 0;
}

struct quota_setting {
  double processors;
  std::string file;
};

// Version 2: "cpu.max" has the microseconds that may be used ("max": all) in each period of so many. Version 1: two
// files, where -1 is no quota.
std::optional<quota_setting> quota_set_by(const control_group& group) {
  const bool unified = group.version == 2;
  const std::string name = unified ? "cpu.max" : "cpu.cfs_quota_us";
  const auto text = read_of(group, name);
  const auto blank = std::min(text.find(' '), text.size());
  const auto used = limit_in(text), period = limit_in(unified ? text.substr(std::min(blank + 1, text.size()))
                                                              : read_of(group, "cpu.cfs_period_us"));
  if (!used || *used <= 0 || !period || *period <= 0) return std::nullopt;
  return quota_setting{static_cast<double>(*used) / static_cast<double>(*period), group.folder + "/" + name};
}

} // namespace

int processor_limits::usable() const {
  if (!quota) return allowed;
  return std::clamp(static_cast<int>(std::lround(std::min(*quota, 1e6))), 1, allowed);
}

std::string processor_limits::reason() const {
  std::ostringstream text;
  if (allowed < installed) text << allowed << " of " << installed << " by affinity";
  if (quota && *quota < allowed) {
    text << (allowed < installed ? ", " : "") << "a quota of " << std::round(*quota * 100) / 100 << " (" << quota_of
         << ")";
  }
  return text.str();
}

processor_limits find_processor_limits(const std::string& root) {
  processor_limits out;
  out.installed = static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  const int affinity = count_affinity();
  out.allowed = affinity > 0 ? affinity : out.installed;
  for (const auto& group : find_control_groups("cpu", root))
    if (auto set = quota_set_by(group); set && (!out.quota || set->processors < *out.quota)) {
      out.quota = set->processors;
      out.quota_of = std::move(set->file);
    }
  return out;
}

int usable_processors() {
  return find_processor_limits().usable();
}

int share_of_processors(int all, int sharers, int number) {
  return std::max(1, all / sharers + (number <= all % sharers ? 1 : 0));
}

// ---- memory

namespace {

// The number after `name` in a file of lines with a name, blanks and a number each.
std::optional<std::int64_t> number_after(const std::string& name, const std::string& path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  for (std::string each; file >> each >> number; file.ignore(1000, '\n'))
    if (each == name) return number;
  return std::nullopt;
}

std::optional<std::int64_t> room_in(const control_group& group) {
  const bool unified = group.version == 2;
  const auto most = limit_in(read_of(group, unified ? "memory.max" : "memory.limit_in_bytes"));
  const auto used = limit_in(read_of(group, unified ? "memory.current" : "memory.usage_in_bytes"));
  if (!most || !used) return std::nullopt;
  const auto cached =
    number_after(unified ? "inactive_file" : "total_inactive_file", group.folder + "/memory.stat").value_or(0);
  return std::max<std::int64_t>(0, *most - std::max<std::int64_t>(0, *used - cached));
}

} // namespace

std::optional<memory_room> find_memory_room(const std::string& root) {
  const auto kib = number_after("MemAvailable:", root + "/proc/meminfo");
  if (!kib) return std::nullopt;
  memory_room out{static_cast<std::uint64_t>(std::max<std::int64_t>(0, *kib)) << 10, ""};
  for (const auto& group : find_control_groups("memory", root))
    if (const auto room = room_in(group); room && static_cast<std::uint64_t>(*room) < out.bytes)
      out = {static_cast<std::uint64_t>(*room), group.folder};
  return out;
}

// ---- threads

namespace {

class gate {
public:
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

// Reaches its limit only where it is set and this user is not exempt, which the kernel decides; it is named as set.
std::string user_limit() {
  rlimit set{};
  if (::getrlimit(RLIMIT_NPROC, &set) != 0 || set.rlim_cur == RLIM_INFINITY) return "";
  return fmt::format("this user may have {} (ulimit -u)", set.rlim_cur);
}

} // namespace

int try_threads(int wanted) {
  gate end;
  std::vector<std::thread> started;
  try {
    started.reserve(static_cast<std::size_t>(wanted));
    while (static_cast<int>(started.size()) < wanted) started.emplace_back([&end] { end.wait(); });
  } catch (const std::system_error&) { // no more
  }
  end.open();
  for (auto& each : started) each.join();
  return static_cast<int>(started.size());
}

std::string thread_limits(const std::string& root) {
  std::string text;
  const auto add = [&text](const std::string& one) {
    if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
  };
  for (const auto& group : find_control_groups("pids", root)) {
    const auto most = limit_in(read_of(group, "pids.max")), used = limit_in(read_of(group, "pids.current"));
    if (most)
      add("pids.max of '" + group.folder + "' is " + std::to_string(*most) +
          (used ? ", and " + std::to_string(*used) + " are in use" : ""));
  }
  add(user_limit());
  std::ifstream file(root + "/proc/sys/kernel/threads-max");
  std::string most;
  if (std::getline(file, most)) add("the machine may have " + most);
  return text;
}

status check_thread_room(int wanted, const std::function<int(int)>& start, const std::string& root) {
  const auto started = start(wanted);
  if (started >= wanted) return ok();
  const auto limits = thread_limits(root);
  return error::resource(fmt::format("it needs {} more threads, and only {} can be started{}", wanted, started,
                                     limits.empty() ? "" : " (limits: " + limits + ")"));
}

} // namespace syngrad
