#include "tools/bench/measure.hpp"

#include "actors/hop_benchmark.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/bench/product_burst.hpp"
#include "tools/bench/training_burst.hpp"

#include <algorithm>
#include <cmath>
#include <sys/resource.h>

namespace syngrad::tools {

namespace {

constexpr std::int64_t batch = 256;
constexpr std::int64_t first_steps = 20; // of the run that finds how many steps a burst takes

struct policy_under_test {
  const char* name;
  step_products (*products)(const std::vector<std::int64_t>&, std::int64_t);
};
constexpr policy_under_test policies[]{{"locked", backpropagation_products}, {"synthetic", synthetic_linear_products}};

// Bursts of the products and of the training in turn, so that whatever else the machine does meets both.
result<bench_measurement> measure_pairs(const policy_under_test& policy, int width, int threads,
                                        const bench_settings& settings) {
  const std::vector<std::int64_t> widths{784, width, width, width, width, width, 10};
  bench_measurement found{
    .model = "mlp:784-" + std::to_string(width) + "x5-10", .policy = policy.name, .threads = threads};
  const auto products = policy.products(widths, batch);
  cpu_device device;
  product_burst alone(products, threads, device);
  const training_burst whole{found.model, policy.name, batch, threads};
  const auto data = random_dataset(widths.front(), static_cast<std::int32_t>(widths.back()), 16 * batch);

  auto speed = whole.run(first_steps, data, device);
  std::vector<double> peaks, speeds, shares;
  for (int pair = 0; speed && pair < settings.pairs; ++pair) {
    peaks.push_back(alone.run(settings.seconds));
    speed = whole.run(std::max<std::int64_t>(first_steps, std::llround(*speed * settings.seconds)), data, device);
    if (!speed) break;
    speeds.push_back(*speed);
    shares.push_back(*speed / peaks.back());
  }
  if (!speed) return speed.failure();
  found.step_mflop = products.flops() / 1e6;
  found.needed_step_mflop = products.needed_flops() / 1e6;
  found.peak_gflops = median(peaks) * products.flops() / 1e9;
  found.steps_per_s = median(speeds);
  found.share = median(shares);
  found.needed_share = found.share * products.needed_flops() / products.flops();
  return found;
}

std::string on(int threads) {
  return "on " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

std::int64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

} // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

result<bench_report> measure(const bench_settings& settings, const std::function<void(const std::string&)>& say) {
  bench_report report{.settings = settings, .measurements = {}, .hops = {}, .peak_memory_bytes = 0};
  for (const auto threads : settings.threads) {
    say("hop between actors, " + on(threads));
    report.hops.push_back({threads, measure_hop_us(threads, settings.hops)});
  }
  for (const auto width : settings.widths) {
    for (const auto threads : settings.threads) {
      for (const auto& policy : policies) {
        say("width " + std::to_string(width) + ", " + policy.name + ", " + on(threads));
        auto found = measure_pairs(policy, width, threads, settings);
        if (!found) return found.failure();
        report.measurements.push_back(std::move(*found));
      }
    }
  }
  report.peak_memory_bytes = peak_memory_bytes();
  return report;
}

} // namespace syngrad::tools
