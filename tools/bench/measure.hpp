// What `syngrad bench` measures, how long, and what it finds.
#pragma once

#include "runtime/result.hpp"
#include "tools/devices/device_options.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct bench_settings {
  std::vector<int> widths{256, 1024};
  std::vector<int> threads{1, 2};
  std::vector<std::string> policies{"locked", "synthetic"};
  std::string predictor = "linear";
  std::string optimizer = "adam";
  bool recompute = false;
  int hidden = 5; // layers
  std::int64_t batch = 256;
  device_options devices; // one for all
  int pairs = 15;
  double seconds = 0.5; // of one burst
  int hops = 100000;
};

// One model, policy and number of threads: medians over pairs of bursts.
struct bench_measurement {
  std::string model;
  std::string policy;
  int threads = 0;
  double step_mflop = 0;        // products of a step as it is run; of other than locked, and synthetic with linear
                                // predictors, those of backpropagation
  double needed_step_mflop = 0; // without those that are done twice
  double peak_gflops = 0;       // of the products alone
  double steps_per_s = 0;
  double share = 0;              // of that peak: steps/s against lists of products/s, per pair
  double needed_share = 0;       // counting needed products only
  double processor_s = 0;        // of a step, of all threads
  double locked_processor_s = 0; // the same of policy locked, in bursts between those
  double processor_ratio = 0;    // median over the pairs
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

// Takes minutes with the default settings. `say` hears what is being measured. `stopped` is asked between two bursts:
// once it is true, the report has what was measured whole.
result<bench_report> measure(const bench_settings&, const std::function<void(const std::string&)>& say,
                             const std::function<bool()>& stopped);

// The middle one, or the mean of the two middle ones; of at least one value.
double median(std::vector<double> values);

// A report for people, and for programs (bench_report.cpp).
std::string format_bench_table(const bench_report&);
std::string format_bench_json(const bench_report&);

} // namespace syngrad::tools
