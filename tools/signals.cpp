#include "tools/signals.hpp"

#include <cerrno>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace syngrad::tools {

signal_watcher::signal_watcher(std::vector<std::function<void()>> steps) : steps_(std::move(steps)) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGINT);
  sigaddset(&watched, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &watched, &previous_);
  signals_ = ::signalfd(-1, &watched, SFD_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "cannot watch for signals");
  thread_ = std::thread([this] { watch(); });
}

signal_watcher::~signal_watcher() {
  const std::uint64_t one = 1;
  while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
  ::close(signals_);
  ::close(wake_);
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

void signal_watcher::watch() {
  auto next = steps_.begin();
  while (true) {
    pollfd sources[]{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (::poll(sources, 2, -1) < 0) continue;
    if (sources[1].revents) return;
    signalfd_siginfo taken{};
    if (::read(signals_, &taken, sizeof taken) != sizeof taken) continue;
    if (next == steps_.end()) ::_exit(static_cast<int>(exit_code::interrupted));
    (*next++)();
  }
}

void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

} // namespace syngrad::tools
