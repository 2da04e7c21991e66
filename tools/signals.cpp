#include "tools/signals.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace syngrad::tools {

namespace {

constexpr auto same_request = std::chrono::seconds(1);

bool is_ignored(int number) {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// A signal that is blocked reaches a signalfd even where it is ignored.
sigset_t signals_to_watch() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const auto& each : watched_signals)
    if (!is_ignored(each.number)) sigaddset(&watched, each.number);
  return watched;
}

signal_request request_of(std::uint32_t number) {
  const auto* found = std::find_if(watched_signals.begin(), watched_signals.end(),
                                   [number](const auto& each) { return each.number == static_cast<int>(number); });
  return found == watched_signals.end() ? signal_request::end : found->asks;
}

} // namespace

signal_watcher::signal_watcher(std::vector<std::function<void()>> steps, std::function<void()> save,
                               std::function<clock::time_point()> now)
  : steps_(std::move(steps)), save_(std::move(save)), now_(std::move(now)) {
  const auto watched = signals_to_watch();
  pthread_sigmask(SIG_BLOCK, &watched, &previous_);
  signals_ = ::signalfd(-1, &watched, SFD_CLOEXEC);
  if (signals_ < 0 || stop_.file() < 0)
    throw std::system_error(errno, std::generic_category(), "cannot watch for signals");
  thread_ = std::thread([this] { watch(); });
}

signal_watcher::~signal_watcher() {
  stop_.press();
  thread_.join();
  ::close(signals_);
  // Asked to end, the program is about to: a late repeat would take its exit code.
  if (taken_ == 0) pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

void signal_watcher::watch() {
  while (true) {
    pollfd sources[]{{signals_, POLLIN, 0}, {stop_.file(), POLLIN, 0}};
    if (::poll(sources, 2, -1) < 0) continue;
    if (sources[1].revents) return;
    signalfd_siginfo taken{};
    if (::read(signals_, &taken, sizeof taken) != sizeof taken) continue;
    take(request_of(taken.ssi_signo));
  }
}

void signal_watcher::take(signal_request asked) {
  if (asked == signal_request::save && save_)
    save_();
  else
    end(asked);
}

void signal_watcher::end(signal_request asked) {
  if (asked == signal_request::end_once && taken_ > 0) return;
  const auto now = now_();
  if (taken_ > 0 && now - taken_at_ < same_request) return;
  taken_at_ = now;
  if (taken_ == steps_.size()) ::_exit(static_cast<int>(exit_code::interrupted));
  steps_[taken_++]();
}

void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

} // namespace syngrad::tools
