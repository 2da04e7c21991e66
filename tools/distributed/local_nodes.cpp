#include "tools/distributed/local_nodes.hpp"

#include "tools/subcommand.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

constexpr std::chrono::seconds patience{20}; // of nodes that are told to end: for what they have to save

// Between fork and exec: nothing but system calls.
[[noreturn]] void become_node(char* const* arguments, int input) {
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr); // the parent takes its signals by a thread
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(input, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

// Waits until the process has ended, or until then.
bool ends_until(pid_t process, std::chrono::steady_clock::time_point until) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) return ::waitpid(process, nullptr, WNOHANG) != 0;
  pollfd ended{handle, POLLIN, 0};
  int ready = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    ready = ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
  } while (ready < 0 && errno == EINTR);
  ::close(handle);
  if (ready > 0) ::waitpid(process, nullptr, 0);
  return ready > 0;
}

// `how`: as waitpid() tells it. A node may be interrupted before it can take signals.
local_nodes::ended_node describe_end(int how) {
  if (WIFSIGNALED(how)) {
    const int number = WTERMSIG(how);
    return {"was killed by signal " + std::to_string(number),
            number == SIGINT || number == SIGTERM || number == SIGHUP};
  }
  const int code = WEXITSTATUS(how);
  return {"ended with exit code " + std::to_string(code), code == static_cast<int>(exit_code::interrupted)};
}

} // namespace

local_nodes::~local_nodes() {
  if (our_end_ >= 0) ::close(our_end_);
  const auto until = std::chrono::steady_clock::now() + patience;
  for (const auto each : running_) {
    if (ends_until(each, until)) continue;
    ::kill(each, SIGKILL);
    ::waitpid(each, nullptr, 0);
  }
  if (their_input_ >= 0) ::close(their_input_);
}

status local_nodes::start(const std::vector<std::string>& arguments) {
  const auto fails = [] {
    return error{std::string("--local-nodes: cannot start a process: ") + std::strerror(errno)};
  };
  if (our_end_ < 0) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fails();
    their_input_ = ends[0];
    our_end_ = ends[1];
  }
  std::vector<std::string> words{"syngrad"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  const auto child = ::fork();
  if (child < 0) return fails();
  if (child == 0) become_node(pointers.data(), their_input_);
  running_.push_back(child);
  return ok();
}

std::optional<local_nodes::ended_node> local_nodes::first_that_ended() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    int how = 0;
    if (::waitpid(running_[i], &how, WNOHANG) <= 0) continue;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    return describe_end(how);
  }
  return std::nullopt;
}

} // namespace syngrad::tools
