// What `syngrad bench` found, and how it is shown.
#pragma once

#include "tools/bench/bench_settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

// One model, policy and number of threads: medians over pairs of bursts.
struct bench_measurement {
  std::string model;
  std::string policy;
  int threads = 0;
  double step_mflop = 0;        // products of a step as it is run
  double needed_step_mflop = 0; // without those that are done twice
  double peak_gflops = 0;       // of the products alone
  double steps_per_s = 0;
  double share = 0;        // of that peak: steps/s against lists of products/s, per pair
  double needed_share = 0; // counting needed products only
};

struct bench_hop {
  int threads = 0;
  double microseconds = 0; // a question and its answer
};

struct bench_report {
  bench_settings settings;
  std::vector<bench_measurement> measurements;
  std::vector<bench_hop> hops;
  double device_gflops = 0; // of large products alone, in a CUDA device's own library; 0: not measured
  std::int64_t peak_memory_bytes = 0;
};

std::string format_bench_table(const bench_report&);
std::string format_bench_json(const bench_report&);

} // namespace syngrad::tools
