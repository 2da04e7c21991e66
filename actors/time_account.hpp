// Where an actor's time goes: in handlers (busy), ready to run but without a thread, or waiting, by what it waits for.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace syngrad {

inline std::int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

class time_account {
public:
  // A handler starts at `now`; the message it handles was the first to arrive in an empty mailbox at `arrived`, or had
  // been waiting already (0).
  void begin(std::int64_t now, std::int64_t arrived) {
    if (ended_ != 0) {
      const auto woken = arrived > ended_ ? arrived : ended_;
      waited_[static_cast<std::size_t>(reason_)] += woken - ended_;
      ready_ += now - woken;
    } else {
      first_ = now;
    }
    began_ = now;
  }
  void end(std::int64_t now, waiting_reason reason) {
    busy_ += now - began_;
    ended_ = now;
    reason_ = reason;
  }
  // Time counts from here on.
  void restart(std::int64_t now) {
    *this = time_account();
    first_ = ended_ = began_ = now;
  }

  std::int64_t began() const { return began_; } // the latest handler

  double busy_share(std::int64_t now) const { return share(busy_ + (now - began_), now); } // asked from a handler
  double waiting_share(waiting_reason reason, std::int64_t now) const {
    return share(waited_[static_cast<std::size_t>(reason)], now);
  }
  double ready_share(std::int64_t now) const { return share(ready_, now); }

private:
  double share(std::int64_t part, std::int64_t now) const {
    return now > first_ ? static_cast<double>(part) / static_cast<double>(now - first_) : 0.0;
  }

  std::int64_t first_ = 0, began_ = 0, ended_ = 0, busy_ = 0, ready_ = 0;
  std::array<std::int64_t, 2> waited_{};
  waiting_reason reason_ = waiting_reason::input;
};

} // namespace syngrad
