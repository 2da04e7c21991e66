#include "actors/nodes/question_limit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>

namespace syngrad {

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
