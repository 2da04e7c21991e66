// Ctrl-C and SIGTERM as function calls: each one is the next step, and one more than there are steps ends the process
// at once.
//
// A thread of its own takes the signals from a signalfd, so a step is ordinary code: it may lock and print. Make it
// before any other thread: they inherit the blocked signals. Destroyed, the signals kill again.
#pragma once

#include "tools/exit_code.hpp"

#include <csignal>
#include <functional>
#include <thread>
#include <vector>

namespace syngrad::tools {

class signal_watcher {
public:
  explicit signal_watcher(std::vector<std::function<void()>> steps);
  ~signal_watcher();
  signal_watcher(const signal_watcher&) = delete;
  signal_watcher& operator=(const signal_watcher&) = delete;

private:
  void watch();

  std::vector<std::function<void()>> steps_;
  sigset_t previous_{};
  int signals_ = -1; // signalfd
  int wake_ = -1;    // eventfd: the destructor's word to the thread
  std::thread thread_;
};

// Writes to a closed pipe or beyond a limit on file sizes fail with an errno instead of killing the process.
void ignore_write_signals();

} // namespace syngrad::tools
