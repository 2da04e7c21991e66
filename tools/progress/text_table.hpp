// A table for people: columns as wide as their widest cell, numbers to the right.
#pragma once

#include "models/metric.hpp"
#include "runtime/sample_spec.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

class text_table {
public:
  explicit text_table(std::vector<std::string> titles) : rows_{std::move(titles)} {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); } // as many as titles
  std::string str() const;                                                        // every line ends with a line break

private:
  std::vector<std::vector<std::string>> rows_;
};

// Numbers as people read them; "-" where there is none (NaN).
std::string show_real(double value, int decimals);
std::string show_percent(double share, int decimals = 0);         // 0.5 -> "50 %"
std::string show_count(std::int64_t value);                       // 12345678 -> "12,345,678"
std::string show_duration(double seconds);                        // 75 -> "1:15"
std::string show_metric(const metric_value&);                     // "error 2.31 %"
std::string show_rate(double samples_per_s, const counted_unit&); // "12,345 tokens/s"

} // namespace syngrad::tools
