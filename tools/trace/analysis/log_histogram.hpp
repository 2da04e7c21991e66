// Counts of durations in logarithmic bins: bounded memory whatever the number of values, quantiles within 1 %.
//
// Values from 1 ns to about 18 s a bin's width (1/128 of a power of two) apart; 0 has a bin of its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace syngrad::tools {

class log_histogram {
public:
  void add(std::int64_t value_ns); // negative: counted as 0
  void add(const log_histogram&);

  std::int64_t count() const { return count_; }
  double mean() const;                              // exact; 0 where there is nothing
  std::int64_t largest() const { return largest_; } // exact
  // The value that a share `q` (0 to 1) of all values does not exceed; 0 where there is nothing.
  double quantile(double q) const;

  struct bin {
    double from, to; // ns
    std::int64_t count;
  };
  // Joined to one bin for each half of a power of two, from the first to the last that has any.
  std::vector<bin> bins() const;

private:
  std::vector<std::int64_t> counts_; // grows as needed
  std::int64_t count_ = 0, largest_ = 0;
  double sum_ = 0;
};

} // namespace syngrad::tools
