// Waits for descriptors that end in time: by a limit, or at once when somebody presses a switch.
#pragma once

#include <chrono>
#include <cstddef>

namespace syngrad {

// Ends waits in poll() from another thread: whoever waits watches file() beside its own descriptor. Pressed once, it
// stays pressed. Any thread.
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

// How long a question to the network may take in all, however many steps it has: until a moment, or until nobody wants
// to know any more. Every step waits here. A value; the switch must outlive it.
class question_limit {
public:
  using clock = std::chrono::steady_clock;

  template <class Number, class Period>
  explicit question_limit(std::chrono::duration<Number, Period> from_now, const stop_switch* stop = nullptr)
    : until_(clock::now() + std::chrono::duration_cast<clock::duration>(from_now)), stop_(stop) {}

  clock::duration left() const; // not negative
  // An equal part of what is left, for the first of `parts` attempts.
  question_limit part_of(std::size_t parts) const;

  // Blocks until the descriptor is ready for `events` (as in poll()). False: too late, or stopped.
  bool await(int file, short events) const;

private:
  clock::time_point until_;
  const stop_switch* stop_;
};

} // namespace syngrad
