// Ends waits in poll() from another thread: whoever waits watches file() beside its own descriptor. Pressed once, it
// stays pressed. Any thread.
#pragma once

namespace syngrad {

class stop_switch {
public:
  stop_switch();
  ~stop_switch();
  stop_switch(const stop_switch&) = delete;
  stop_switch& operator=(const stop_switch&) = delete;

  void press();
  // Readable once it is pressed. -1, which poll() passes over, where there was no descriptor to be had: then a wait
  // lasts as long as its limit.
  int file() const { return file_; }

private:
  int file_;
};

} // namespace syngrad
