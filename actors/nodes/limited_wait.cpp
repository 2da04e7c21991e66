#include "actors/nodes/limited_wait.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace syngrad {

stop_switch::stop_switch() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

stop_switch::~stop_switch() {
  if (file_ >= 0) ::close(file_);
}

void stop_switch::press() {
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(file_, &once, sizeof once);
}

question_limit::clock::duration question_limit::left() const {
  return std::max(until_ - clock::now(), clock::duration::zero());
}

question_limit question_limit::part_of(std::size_t parts) const {
  return question_limit(left() / std::max<std::size_t>(parts, 1), stop_);
}

bool question_limit::await(int file, short events) const {
  // Late is late, also where the descriptor is ready: who sends without end is not listened to without end.
  while (left() > clock::duration::zero()) {
    std::array<pollfd, 2> watched{{{file, events, 0}, {stop_ ? stop_->file() : -1, POLLIN, 0}}};
    // Rounded up: a wait that is over a moment early would go round without waiting.
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left()).count();
    constexpr decltype(milliseconds) longest = 1000 * 3600;
    const auto ready = ::poll(watched.data(), watched.size(), static_cast<int>(std::min(milliseconds, longest)));
    if (ready > 0) return watched[1].revents == 0;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

} // namespace syngrad
