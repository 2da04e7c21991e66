// Lets another thread look at what actors own, between two of their messages.
//
// Each actor goes through enter() and leave() of its own gate around each message. Who looks asks at all gates first,
// so that no message begins any more, and waits only for those that are being handled. Threads: enter() and leave() the
// actor's, the rest any other.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

namespace syngrad {

class handler_gate {
public:
  void enter() {
    for (int asked = asked_.load(); asked != 0; asked = asked_.load()) asked_.wait(asked);
    handling_.lock();
  }
  void leave() { handling_.unlock(); }

private:
  friend class paused_handlers;
  std::timed_mutex handling_;
  std::atomic<int> asked_{0}; // by how many others
};

// While it lives, no message is handled behind the gates.
class paused_handlers {
public:
  // Waits until the messages that are being handled are over, for all gates together no longer than `patience`.
  paused_handlers(std::vector<handler_gate*> gates, std::chrono::milliseconds patience) : gates_(std::move(gates)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (auto* each : gates_) ++each->asked_;
    while (held_ < gates_.size() && gates_[held_]->handling_.try_lock_until(until)) ++held_;
  }
  ~paused_handlers() {
    for (std::size_t i = 0; i < held_; ++i) gates_[i]->handling_.unlock();
    for (auto* each : gates_) {
      --each->asked_;
      each->asked_.notify_all();
    }
  }
  paused_handlers(const paused_handlers&) = delete;
  paused_handlers& operator=(const paused_handlers&) = delete;

  // The first gate whose message did not end in time: then nothing may be looked at.
  std::optional<std::size_t> stuck() const {
    return held_ == gates_.size() ? std::nullopt : std::optional<std::size_t>(held_);
  }

private:
  std::vector<handler_gate*> gates_;
  std::size_t held_ = 0; // from the front
};

} // namespace syngrad
