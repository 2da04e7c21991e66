// Runs one question to the network at a time on a thread of its own, for an actor that must not block.
//
// The actor owns it, and calls finish() when it ends: then the thread is over before the actor system is. (A detached
// actor for each question would outlive its asker, and now and then kept the system from ending.)
#pragma once

#include <functional>
#include <thread>

namespace syngrad {

class probe_thread {
public:
  ~probe_thread() { finish(); }

  // Waits for the one before, which is bounded in time.
  void run(std::function<void()> question) {
    finish();
    thread_ = std::thread(std::move(question));
  }
  void finish() {
    if (thread_.joinable()) thread_.join();
  }

private:
  std::thread thread_;
};

} // namespace syngrad
