// A request to end a training, which may come before there is one: from a signal, or from a disk that is full.
//
// Threads: any, for every member.
#pragma once

#include "actors/trainer.hpp"

#include <mutex>

namespace syngrad::tools {

class interruption {
public:
  void request() {
    const std::lock_guard lock(mutex_);
    requested_ = true;
    if (target_) target_->interrupt();
  }

  // What a request ends from now on (null: nothing, before it is destroyed). An earlier request counts too.
  void aim(trainer* target) {
    const std::lock_guard lock(mutex_);
    target_ = target;
    if (target_ && requested_) target_->interrupt();
  }

  bool requested() const {
    const std::lock_guard lock(mutex_);
    return requested_;
  }

private:
  mutable std::mutex mutex_;
  trainer* target_ = nullptr;
  bool requested_ = false;
};

} // namespace syngrad::tools
