#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cuda/cuda_devices.hpp"
#include "tests/support/catch.hpp"
#include "tools/bench/bursts.hpp"
#include "tools/bench/measure.hpp"

using namespace syngrad;
using namespace syngrad::tools;

TEST_CASE("The median is the middle one, or the mean of the two in the middle") {
  CHECK(median({3}) == 3);
  CHECK(median({5, 1, 3}) == 3);
  CHECK(median({4, 1, 3, 100}) == 3.5);
}

TEST_CASE("Bursts of products and of training have a positive rate") {
  cpu_device device;
  product_burst products(synthetic_linear_products({12, 8, 4}, 16), 2, device);
  CHECK(products.run(0.001) > 0);
  const auto data = random_dataset(12, 4, 64);
  const training_burst training{"mlp:12-8-4", "synthetic", 16, 2};
  const auto speed = training.run(5, data, device);
  REQUIRE(speed);
  CHECK(speed->steps_per_s > 0);
  CHECK(speed->processor_s > 0);
}

TEST_CASE("The report of a benchmark is a table for people and JSON for scripts") {
  bench_report report;
  report.measurements.push_back({"mlp:784-256x5-10", "locked", 2, 612, 612, 200.5, 123.4, 0.8, 0.8});
  report.hops.push_back({1, 3.25});
  report.peak_memory_bytes = 64 << 20;
  const auto table = format_bench_table(report);
  CHECK(table.find("mlp:784-256x5-10  locked        2         612         200.5    123.4         80.0 %     80.0 %") !=
        std::string::npos);
  CHECK(table.find("1 thread: 3.25 us") != std::string::npos);
  CHECK(table.find("peak memory: 64 MiB") != std::string::npos);
  const auto json = format_bench_json(report);
  CHECK(json.find("\"share_of_peak\": 0.8,") != std::string::npos);
  CHECK(json.find("\"peak_memory_bytes\": 67108864") != std::string::npos);
}

TEST_CASE("The report says how fast a CUDA device's own library is, where that was measured") {
  bench_report report;
  CHECK(format_bench_table(report).find("GFLOP/s\n") == std::string::npos);
  CHECK(format_bench_json(report).find("\"device_gflops\": null") != std::string::npos);
  report.settings.devices.device = "cuda:0";
  report.settings.devices.precision = "bf16";
  report.device_gflops = 789012.4;
  CHECK(format_bench_table(report).find("cuda:0: large products alone, bf16: 789012 GFLOP/s\n") != std::string::npos);
  CHECK(format_bench_json(report).find("\"device_gflops\": 789012.4") != std::string::npos);
}

TEST_CASE("Without a CUDA device, its rate is refused by the device's name") {
  product_rate_request request;
  request.on.ordinal = 1023;
  const auto rate = measure_product_rate(request);
  REQUIRE(!rate);
  CHECK(rate.message().find("cuda:1023: ") == 0);
}
