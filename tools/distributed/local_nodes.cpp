#include "tools/distributed/local_nodes.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

// Between fork and exec: nothing but system calls.
[[noreturn]] void become_node(char* const* arguments, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1); // it died before it could be watched
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr); // the parent takes its signals by a thread
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

// Waits until the process has ended, at most so long.
bool ends_within(pid_t process, std::chrono::milliseconds patience) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) return ::waitpid(process, nullptr, WNOHANG) != 0;
  pollfd ended{handle, POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + patience;
  int ready = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    ready = ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
  } while (ready < 0 && errno == EINTR);
  ::close(handle);
  if (ready > 0) ::waitpid(process, nullptr, 0);
  return ready > 0;
}

} // namespace

local_nodes::~local_nodes() {
  using namespace std::chrono_literals;
  for (const auto each : running_) {
    if (ends_within(each, 10s)) continue;
    ::kill(each, SIGTERM);
    if (ends_within(each, 3s)) continue;
    ::kill(each, SIGKILL);
    ::waitpid(each, nullptr, 0);
  }
}

status local_nodes::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"syngrad"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child < 0) return error{std::string("--local-nodes: cannot start a process: ") + std::strerror(errno)};
  if (child == 0) become_node(pointers.data(), parent);
  running_.push_back(child);
  return ok();
}

std::string local_nodes::first_that_ended() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    int how = 0;
    if (::waitpid(running_[i], &how, WNOHANG) <= 0) continue;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    return WIFSIGNALED(how) ? "was killed by signal " + std::to_string(WTERMSIG(how))
                            : "ended with exit code " + std::to_string(WEXITSTATUS(how));
  }
  return "";
}

} // namespace syngrad::tools
