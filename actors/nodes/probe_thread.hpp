// Runs one question to the network at a time on a thread of its own, for an actor that must not block.
//
// The actor owns it, and calls finish() when it ends: then the thread is over before the actor system is. (A detached
// actor for each question would outlive its asker, and now and then kept the system from ending.) A question waits with
// the switch that it is given, so nobody waits long for its end.
#pragma once

#include "actors/nodes/stop_switch.hpp"

#include <functional>
#include <memory>
#include <thread>

namespace syngrad {

class probe_thread {
public:
  ~probe_thread() { finish(); }

  // Ends the one before.
  void run(std::function<void(const stop_switch&)> question) {
    finish();
    stop_ = std::make_unique<stop_switch>();
    thread_ = std::thread([question = std::move(question), &stop = *stop_] { question(stop); });
  }
  void finish() {
    if (!thread_.joinable()) return;
    stop_->press();
    thread_.join();
  }

private:
  std::unique_ptr<stop_switch> stop_;
  std::thread thread_;
};

} // namespace syngrad
