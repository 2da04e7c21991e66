// Times a piece of work that is done again and again on the calling thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
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

// Of each of the works, which take turns: the median of 11 bursts of about 10 ms, so that a disturbed burst does not
// count.
template <std::size_t Works>
std::array<double, Works> median_seconds(const std::array<std::function<void()>, Works>& works) {
  constexpr std::size_t bursts = 11;
  std::array<int, Works> repetitions{};
  for (std::size_t w = 0; w < Works; ++w)
    repetitions[w] = std::max(1, static_cast<int>(0.01 / std::max(1e-8, seconds_of(works[w], 3))));
  std::array<std::vector<double>, Works> measured;
  for (std::size_t i = 0; i < bursts; ++i)
    for (std::size_t w = 0; w < Works; ++w) measured[w].push_back(seconds_of(works[w], repetitions[w]));
  std::array<double, Works> medians{};
  for (std::size_t w = 0; w < Works; ++w) {
    std::nth_element(measured[w].begin(), measured[w].begin() + bursts / 2, measured[w].end());
    medians[w] = measured[w][bursts / 2];
  }
  return medians;
}

inline double median_seconds(const std::function<void()>& work) {
  return median_seconds<1>({work})[0];
}

} // namespace syngrad
