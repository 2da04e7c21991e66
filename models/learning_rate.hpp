// The learning rate of a run: a base rate, multiplied by a factor from each given step on.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

class learning_rate {
public:
  struct change {
    std::int64_t step; // from this batch on
    float factor;      // cumulative: the rate is multiplied by it
  };

  explicit learning_rate(float base, std::vector<change> changes = {}) : base_(base), changes_(std::move(changes)) {}

  // "0.6:0.1,0.8:0.1": at 60 % and at 80 % of `steps`, times 0.1 each. An `at` of 1 or more is a step number.
  static result<learning_rate> parse(float base, const std::string& decay, std::int64_t steps);

  float at(std::int64_t step) const; // step counts from 0

private:
  float base_;
  std::vector<change> changes_;
};

} // namespace syngrad
