// The learning rate of a run, by its step: a base rate, times what a schedule makes of it.
//
// A schedule is a list of terms with commas between, in any order; their factors are multiplied:
//
//   warmup:N       rises in a straight line, from base / N at the first step to the whole rate at the Nth
//   cosine:SHARE   falls from there along half a cosine to SHARE at the run's last step
//   AT:FACTOR      times FACTOR from step AT on
//
// N and AT are numbers of steps, or below 1 shares of the run's.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

// Whether that is a schedule, of whatever number of steps.
status check_schedule(const std::string& schedule);

class learning_rate {
public:
  // The same at every step.
  explicit learning_rate(float base) : base_(base) {}

  // Of a run of `steps`; an empty schedule changes nothing.
  static result<learning_rate> parse(float base, const std::string& schedule, std::int64_t steps);

  // That of weights whose gradients come `delay` updates late, where that is more than one: divided by
  // delay^(1 - step / annealed), and not from step `annealed` on (Yang et al., PipeMare, arXiv 1910.05124, its
  // technique 1: steps are smallest while weights move fastest).
  learning_rate discounted(double delay, std::int64_t annealed) const;

  float at(std::int64_t step) const; // step counts from 0

private:
  float scheduled(std::int64_t step) const;

  struct change {
    std::int64_t step; // from this one on
    float factor;
  };

  float base_;
  std::vector<change> changes_;
  std::int64_t warmup_ = 0;      // steps
  std::optional<double> cosine_; // share of the rate that is left at the last step
  std::int64_t last_ = 0;        // that step
  double delay_ = 1;             // at most 1: the rate is not discounted
  std::int64_t annealed_ = 0;
};

} // namespace syngrad
