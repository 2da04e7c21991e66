#include "runtime/process/process_limits.hpp"

#include "runtime/process/control_groups.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <sched.h>
#include <sstream>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace syngrad {

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
  return "this user may have " + std::to_string(set.rlim_cur) + " (ulimit -u)";
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
  return error{"it needs " + std::to_string(wanted) + " more threads, and only " + std::to_string(started) +
               " can be started" + (limits.empty() ? "" : " (limits: " + limits + ")")};
}

} // namespace syngrad
