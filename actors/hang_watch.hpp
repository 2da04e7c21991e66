// Waits for a run to end, and says who waits for whom when it makes no progress.
//
// hang_watch decides when a run hangs: when nothing was done for longer than the patience, and than three times the
// longest step so far. What counts is time in which the process ran:
//   - A process that was stopped (Ctrl-Z, a suspended machine) could do nothing. So of the time between two looks no
//     more counts than two pauses between looks.
//   - A process that computes is slow rather than hung. Its time counts a tenth, so that a handler that never ends is
//     still found.
//
// Threads: one at a time. Knows no clock: who looks says what time it is.
#pragma once

#include "actors/assembly.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

class hang_watch {
public:
  using seconds = std::chrono::duration<double>;

  // `patience`: 0 for a run that is never given up.
  explicit hang_watch(seconds patience) : patience_(patience) {}

  seconds pause() const { return std::min(patience_ / 4, seconds(1)); } // between two looks

  // `now`: of a clock that never goes back; `computed`: processor time of this process; `beat`: grows with what is
  // done.
  void look(seconds now, seconds computed, std::uint64_t beat);

  bool hung() const { return patience_.count() > 0 && idle_ > limit(); }
  seconds limit() const { return std::max(patience_, longest_ * steps_allowed); }
  std::uint64_t beat() const { return beat_; }

  // Another process of the run computes: the patience begins again, at most `most_extensions` times.
  void found_slow();

  static constexpr double computes_from = 0.1; // of a processor; timers and connections take less

private:
  static constexpr double steps_allowed = 3; // longest steps
  static constexpr double slow_share = 0.1;  // that time counts in which the process computes
  static constexpr int most_extensions = 9;  // with the first time ten patiences, as for a process that computes

  seconds patience_;
  bool looked_ = false;
  seconds now_{0}, computed_{0};
  seconds idle_{0};    // time that counts, since the latest beat
  seconds waited_{0};  // all time since then, computing or not: the length of a step
  seconds longest_{0}; // of a step so far
  std::uint64_t beat_ = 0;
  int extensions_ = 0; // since the latest beat
};

// Of this process, all threads.
hang_watch::seconds computed_so_far();
hang_watch::seconds steady_seconds();

// Whether this process computed while its actors were asked: meaningful where one of them let the question wait, for it
// was in a handler then.
class work_probe {
public:
  bool saw_computing() const {
    const auto passed = steady_seconds() - began_;
    return passed >= shortest && computed_so_far() - computed_ >= passed * hang_watch::computes_from;
  }

private:
  static constexpr hang_watch::seconds shortest{0.2}; // in less time nothing happens but the asking

  hang_watch::seconds began_ = steady_seconds(), computed_ = computed_so_far();
};

// ---- of a run in this process

// Blocks until the coordinator has set the outcome. Without a sign of life for `hang_after_s`, as hang_watch counts it
// (0: never given up), every actor is asked what it waits for, the answers go to the observer, and the outcome is
// run_end::hung.
training_summary wait_for_outcome(const running_actors&, double hang_after_s, const training_observer&);

std::string no_progress_line(hang_watch::seconds limit);

// What each actor waits for, a line each; one that does not answer within `patience`, which all share, is stuck in a
// handler.
std::vector<std::string> who_waits_for_whom(const std::vector<caf::actor>&, std::chrono::milliseconds patience);

} // namespace syngrad
