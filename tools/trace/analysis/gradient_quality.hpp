// How well synthetic gradients agree with what was received, and with the true ones of audited batches.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct quality_series {
  std::int64_t count = 0;
  double mean = 0, deviation = 0, least = 0; // NaN where there is none
  std::vector<float> over_time;              // mean in each bucket; NaN: none
};

struct gradient_quality {
  std::uint16_t interface = 0;
  quality_series cosine, norm_ratio;                         // against the gradient received
  quality_series audit_cosine, audit_norm_ratio, audit_bias; // against the true one
  bool suspicious = false; // the mean cosine of the last tenth of the run is not above zero
};

struct gradient_qualities {
  std::int64_t begin_ns = 0, bucket_ns = 0;
  std::vector<gradient_quality> interfaces; // bottom to top; those with any measure
};

gradient_qualities measure_gradients(const trace_run&, const trace_filter&, int buckets = 60);

} // namespace syngrad::tools
