#include "runtime/process/thread_room.hpp"

#include "runtime/process/control_groups.hpp"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <vector>

namespace syngrad {

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
