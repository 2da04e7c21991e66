// Saves the weights while a run goes on, on a thread of its own: what is asked for is on disk as soon as possible,
// whatever the run still does before its end. A run that is to end stands still until they are; one that goes on, only
// until there is a copy.
//
// Threads: request() and done() from any; the rest from the one that made it. The trainer and the recorder outlive
// it.
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

} // namespace syngrad::tools
