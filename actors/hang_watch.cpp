#include "actors/hang_watch.hpp"

#include <ctime>

namespace syngrad {

void hang_watch::look(seconds now, seconds computed, std::uint64_t beat) {
  const bool first = !looked_;
  const auto passed = std::min(now - now_, 2 * pause());
  const bool computes = computed - computed_ >= passed * computes_from;
  looked_ = true;
  now_ = now;
  computed_ = computed;
  if (first) {
    beat_ = beat;
    return;
  }
  waited_ += passed;
  if (beat == beat_) {
    idle_ += computes ? passed * slow_share : passed;
    return;
  }
  longest_ = std::max(longest_, waited_);
  beat_ = beat;
  idle_ = waited_ = seconds(0);
  extensions_ = 0;
}

void hang_watch::found_slow() {
  if (extensions_ == most_extensions) return;
  ++extensions_;
  idle_ = seconds(0);
}

hang_watch::seconds computed_so_far() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

hang_watch::seconds steady_seconds() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

} // namespace syngrad
