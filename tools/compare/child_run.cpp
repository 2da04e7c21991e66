#include "tools/compare/child_run.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

// Between fork and exec: nothing but system calls. In a process group of its own, Ctrl-C at the terminal does not reach
// it: the parent passes on what it means.
[[noreturn]] void become_training(char* const* arguments, int errors, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr); // the parent takes its signals by a thread
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

// What comes until the other end is closed: the last of it.
std::string read_tail(int from) {
  constexpr std::size_t kept = 16384;
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > 2 * kept) text.erase(0, text.size() - kept);
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const auto begin = text.find_last_of('\n');
  if (begin != std::string::npos) text.erase(0, begin + 1);
  constexpr std::string_view prefix = "syngrad train: ";
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

error cannot_start() {
  return error::resource(std::string("cannot start a run: ") + std::strerror(errno));
}

} // namespace

result<child_end> child_run::run(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_start();
  std::vector<std::string> words{"syngrad", "train"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child == 0) become_training(pointers.data(), ends[1], parent);
  ::close(ends[1]);
  if (child < 0) {
    const auto failed = cannot_start();
    ::close(ends[0]);
    return failed;
  }
  note_running(child);
  child_end out;
  out.last_words = last_line(read_tail(ends[0]));
  ::close(ends[0]);
  siginfo_t ended{}; // until it is waited for, its number is nobody else's
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  note_running(0);
  int how = 0;
  while (::waitpid(child, &how, 0) < 0 && errno == EINTR) {
  }
  out.code = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
  if (WIFSIGNALED(how) && out.last_words.empty())
    out.last_words = "was killed by signal " + std::to_string(WTERMSIG(how));
  return out;
}

void child_run::note_running(pid_t child) {
  const std::lock_guard lock(mutex_);
  running_ = child;
}

void child_run::signal(int number) const {
  const std::lock_guard lock(mutex_);
  if (running_ > 0) ::kill(running_, number);
}

} // namespace syngrad::tools
