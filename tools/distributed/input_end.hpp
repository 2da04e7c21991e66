// Calls a function when standard input ends: of a node whose starter holds the other end of a pipe, that is when the
// starter is gone, whatever ended it, and whichever of its threads did the starting. What comes before is read and
// dropped.
//
// The function is called once, on a thread of this object's own. Make it after the signal_watcher.
#pragma once

#include "actors/nodes/limited_wait.hpp"

#include <functional>
#include <thread>

namespace syngrad::tools {

class input_end {
public:
  // `input`: standard input, or what a test puts in its place.
  explicit input_end(std::function<void()> ended, int input = 0);
  ~input_end();
  input_end(const input_end&) = delete;
  input_end& operator=(const input_end&) = delete;

private:
  void watch();

  std::function<void()> ended_;
  int input_;
  stop_switch stop_; // the destructor's word to the thread
  std::thread thread_;
};

} // namespace syngrad::tools
