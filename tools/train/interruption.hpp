// What is asked of a training from outside, which may come before there is one: to end, from a signal or because a
// disk is full, and to save its weights.
//
// Threads: any, for every member.
#pragma once

#include "actors/trainer.hpp"
#include "tools/train/early_save.hpp"

#include <mutex>

namespace syngrad::tools {

class interruption {
public:
  void request() {
    const std::lock_guard lock(mutex_);
    requested_ = true;
    if (target_) target_->interrupt();
  }

  // The weights, as soon as possible. `ending`: request() comes with it.
  void save(bool ending) {
    const std::lock_guard lock(mutex_);
    if (!target_) save_wanted_ = save_wanted_ || ending; // before the training there is nothing to save and go on
    if (target_) saver_->request(ending);
  }

  // What requests are for from now on (null: nothing, before it is destroyed). An earlier one counts too.
  void aim(trainer* target, early_save* saver) {
    const std::lock_guard lock(mutex_);
    if (target_ && !target) unsaved_ = !saver_->done();
    target_ = target;
    saver_ = saver;
    if (!target_) return;
    if (requested_) target_->interrupt();
    if (save_wanted_) saver_->request(true);
  }

  bool requested() const {
    const std::lock_guard lock(mutex_);
    return requested_;
  }

  // After aim(nullptr): what the training had is on disk.
  void note_saved() {
    const std::lock_guard lock(mutex_);
    unsaved_ = false;
  }

  // Whether the process may end at once: weights are on disk, or there are none yet.
  bool may_stop() const {
    const std::lock_guard lock(mutex_);
    return target_ ? saver_->done() : !unsaved_;
  }

private:
  mutable std::mutex mutex_;
  trainer* target_ = nullptr;
  early_save* saver_ = nullptr;
  bool requested_ = false;
  bool save_wanted_ = false;
  bool unsaved_ = false; // after the training
};

} // namespace syngrad::tools
