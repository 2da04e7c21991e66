// Waits for descriptors that end in time: by a limit, or at once when somebody presses a switch.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace syngrad {

// Ends waits in poll() from another thread: whoever waits watches file() beside its own descriptor. Pressed once, it
// stays pressed. Any thread.
class stop_switch {
public:
  stop_switch();
  ~stop_switch();
  stop_switch(const stop_switch&) = delete;
  stop_switch& operator=(const stop_switch&) = delete;

  void press();
  // Readable once it is pressed. -1, which poll() passes over, where there was no descriptor to be had: then a wait
  // lasts as long as its limit.
  int file() const { return file_; }

private:
  int file_;
};

// How long a question to the network may take in all, however many steps it has: until a moment, or until nobody wants
// to know any more. Every step waits here. A value; the switch must outlive it.
class question_limit {
public:
  using clock = std::chrono::steady_clock;

  template <class Number, class Period>
  explicit question_limit(std::chrono::duration<Number, Period> from_now, const stop_switch* stop = nullptr)
    : until_(clock::now() + std::chrono::duration_cast<clock::duration>(from_now)), stop_(stop) {}

  clock::duration left() const; // not negative
  // An equal part of what is left, for the first of `parts` attempts.
  question_limit part_of(std::size_t parts) const;

  // Blocks until the descriptor is ready for `events` (as in poll()). False: too late, or stopped.
  bool await(int file, short events) const;

private:
  clock::time_point until_;
  const stop_switch* stop_;
};

inline stop_switch::stop_switch() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

inline stop_switch::~stop_switch() {
  if (file_ >= 0) ::close(file_);
}

inline void stop_switch::press() {
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(file_, &once, sizeof once);
}

inline question_limit::clock::duration question_limit::left() const {
  return std::max(until_ - clock::now(), clock::duration::zero());
}

inline question_limit question_limit::part_of(std::size_t parts) const {
  return question_limit(left() / std::max<std::size_t>(parts, 1), stop_);
}

inline bool question_limit::await(int file, short events) const {
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
