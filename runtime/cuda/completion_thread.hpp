// The one thread of a device on which its streams call back. It asks events whether they have passed, or is told so.
//
// Callbacks may use the device: none runs inside the driver. Those of one stream run in the order of its work. What has
// not passed when this is destroyed is dropped.
#pragma once

#include "runtime/stream.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace syngrad::cuda {

class completion_thread {
public:
  completion_thread();
  ~completion_thread();
  completion_thread(const completion_thread&) = delete;
  completion_thread& operator=(const completion_thread&) = delete;

  // Any thread. `from` names the stream, whose events pass in the order in which they are handed in.
  void when_passed(const stream& from, event point, std::function<void()> callback);
  // Calls back as soon as the thread gets to it. Any thread, a function that the driver calls among them.
  void post(std::function<void()> callback);

private:
  struct waiting {
    const stream* from;
    event point;
    std::function<void()> callback;
  };

  void run();
  void add_arrived(std::vector<waiting>& waited);
  static bool call_passed(std::vector<waiting>& waited);

  std::mutex mutex_;
  std::condition_variable arrival_;
  std::deque<waiting> arrived_;
  bool stopping_ = false;
  std::thread thread_; // last: it uses the others
};

} // namespace syngrad::cuda
