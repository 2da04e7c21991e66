// What is said of a trace as a whole: whether it makes sense, and the measures by which it is compared with another.
#pragma once

#include "runtime/random.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// Whether a trace is whole and makes sense: its chunks, the numbers of its records, and what they say together.

struct checked_rule {
  std::string what;
  std::int64_t looked_at = 0, wrong = 0;
};

struct trace_problem {
  std::string where, what;
};

struct trace_verdict {
  std::vector<checked_rule> rules;
  std::vector<trace_problem> problems; // the first ones
  std::int64_t open_handlers = 0;      // begun and not ended: of a run that goes on or was killed
  std::int64_t begun_unsent = 0;       // begun without a send in the trace
  bool judged_pairs = true;            // false: records are lost, so that one that stands alone proves nothing
  bool judged_sends = true;            // false: likewise, or the nodes' clocks are not known

  bool good() const;
};

trace_verdict check_trace(const trace_run&, std::size_t most_problems);

// What two runs are compared by: rates, shares, waits, ages and agreement, each as its values in stretches of time of
// one length, from the first update of any weights to the last.

struct run_measure {
  std::string name;           // "queue p99, activation"
  std::string unit;           // "us"
  std::vector<double> values; // of the stretches in which there is any
};

// Always in the same order: steps, busy shares, waits and handlers by message type, staleness, cosine, bytes. Empty
// where no weights were updated. Reads the trace twice.
std::vector<run_measure> measure_run(const trace_run&, const trace_filter&, int stretches);

// How sure one may be of a difference of means: the bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap,
// 1993, chapter 13: percentile intervals) over means of stretches of time, which are nearly independent where single
// messages are not.

struct mean_difference {
  double change = 0;        // mean of b minus mean of a
  double low = 0, high = 0; // 95 % of resampled changes lie between
  bool excludes_zero() const { return low > 0 || high < 0; }
};

// Nothing where either has fewer than eight values: resampling few says too little of how they scatter.
std::optional<mean_difference> compare_means(std::span<const double> a, std::span<const double> b, random_source);

} // namespace syngrad::tools
