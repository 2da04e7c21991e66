// Lets another thread look at what actors own, between two of their messages.
//
// Each actor calls enter() and leave() of its own gate around each message. Whoever wants to look closes all gates
// first, so that no message begins any more, and then waits for those that are being handled. Threads: enter() and
// leave() on the actor's, the rest on any other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

namespace syngrad {

class handler_gate {
public:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return asked_ == 0; });
    handling_ = true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    handling_ = false;
    if (asked_ > 0) changed_.notify_all();
  }

private:
  friend class paused_handlers;
  void ask() {
    const std::lock_guard lock(mutex_);
    ++asked_;
  }
  bool is_free_until(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, until, [this] { return !handling_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    if (--asked_ == 0) changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool handling_ = false;
  int asked_ = 0; // by how many others: no message begins meanwhile
};

// While it lives, no message is handled behind the gates.
class paused_handlers {
public:
  // Waits until the messages that are being handled are over, for all gates together no longer than `patience`.
  paused_handlers(std::vector<handler_gate*> gates, std::chrono::milliseconds patience) : gates_(std::move(gates)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (auto* each : gates_) each->ask();
    while (free_ < gates_.size() && gates_[free_]->is_free_until(until)) ++free_;
  }
  ~paused_handlers() {
    for (auto* each : gates_) each->open();
  }
  paused_handlers(const paused_handlers&) = delete;
  paused_handlers& operator=(const paused_handlers&) = delete;

  // The first gate whose message did not end in time: then nothing may be looked at.
  std::optional<std::size_t> stuck() const {
    return free_ == gates_.size() ? std::nullopt : std::optional<std::size_t>(free_);
  }

private:
  std::vector<handler_gate*> gates_;
  std::size_t free_ = 0; // from the front
};

} // namespace syngrad
