// Times a piece of work that is done again and again on the calling thread.
#pragma once

#include <algorithm>
#include <ctime>
#include <functional>
#include <vector>

namespace syngrad {

// Of the calling thread: who else runs on the machine takes none of it.
inline double thread_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline double seconds_of(const std::function<void()>& work, int repetitions) {
  const auto start = thread_seconds();
  for (int i = 0; i < repetitions; ++i) work();
  return (thread_seconds() - start) / repetitions;
}

// Median of 11 bursts of about 10 ms, so that a disturbed burst does not count.
inline double median_seconds(const std::function<void()>& work) {
  const auto first = std::max(1e-8, seconds_of(work, 3));
  const auto repetitions = std::max(1, static_cast<int>(0.01 / first));
  std::vector<double> bursts(11);
  for (auto& burst : bursts) burst = seconds_of(work, repetitions);
  std::nth_element(bursts.begin(), bursts.begin() + 5, bursts.end());
  return bursts[5];
}

} // namespace syngrad
