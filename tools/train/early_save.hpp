// What is asked of a training from outside while it goes on: that its weights are on disk as soon as possible, whatever
// it still does before its end, and that it ends.
#pragma once

#include "actors/trainer.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/run_folder/run_recorder.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace syngrad::tools {

// Saves the weights on a thread of its own. A run that is to end stands still until they are saved; one that goes on,
// only until there is a copy.
//
// Threads: request() and done() from any; the rest from the one that made it. The trainer and the recorder outlive it.
class early_save {
public:
  // `say`: a line for the user; from the thread of this object.
  early_save(trainer&, run_recorder&, std::function<void(const std::string&)> say);
  ~early_save(); // waits for a save that has begun; one that has not is left to the run's end
  early_save(const early_save&) = delete;
  early_save& operator=(const early_save&) = delete;

  // `ending`: the run is to end, so what was reserved for its end may be used. Requests that come while weights are
  // written are answered by one save more.
  void request(bool ending);
  // Whether weights of the latest request are on disk; false before the first one.
  bool done() const;

private:
  void work();
  bool save(bool ending);
  result<std::string> save_now();
  result<std::string> save_copy();

  trainer& source_;
  run_recorder& target_;
  std::function<void(const std::string&)> say_;
  cpu_device host_; // of copies
  stream& copies_;

  mutable std::mutex mutex_; // of the rest
  std::condition_variable changed_;
  bool requested_ = false; // and not begun
  bool ending_ = false;
  bool done_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// Passes on what is asked, by signals or because a disk is full; it may be asked before there is a training. Threads:
// any, for every member.
class interruption {
public:
  void request() {
    const std::lock_guard lock(mutex_);
    requested_ = true;
    if (target_) target_->interrupt();
  }

  // The weights, as soon as possible, and where the training can the state of the run. `ending`: request() comes with
  // it.
  void save(bool ending) {
    const std::lock_guard lock(mutex_);
    if (!target_) save_wanted_ = save_wanted_ || ending; // before the training there is nothing to save and go on
    if (!target_) return;
    if (saves_states_) target_->checkpoint_now();
    saver_->request(ending);
  }

  // What requests are for from now on (null: nothing, before it is destroyed). An earlier one counts too.
  void aim(trainer* target, early_save* saver, bool saves_states = false) {
    const std::lock_guard lock(mutex_);
    if (target_ && !target) unsaved_ = !saver_->done();
    target_ = target;
    saver_ = saver;
    saves_states_ = saves_states;
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
  bool saves_states_ = false;
};

} // namespace syngrad::tools
