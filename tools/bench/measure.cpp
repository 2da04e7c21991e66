#include "tools/bench/measure.hpp"

#include "actors/actor_system.hpp"
#include "actors/observed_actor.hpp"
#include "runtime/cuda/cuda_devices.hpp"
#include "tools/bench/bursts.hpp"
#include "tools/devices/device_set.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <future>
#include <optional>
#include <sys/resource.h>

namespace syngrad::tools {

namespace {

// ---- what a message costs

// Answers each question with an empty gradient.
class answering_actor : public observed_actor {
public:
  answering_actor(caf::actor_config& config, actor_context context) : observed_actor(config, context, "answering") {}

protected:
  caf::behavior make_behavior() override { return with_describe({on(&answering_actor::handle_predict)}); }
  std::string describe() override { return "waits for a question"; }

private:
  void handle_predict(predict& asked) {
    send(caf::actor_cast<caf::actor>(current_sender()), synthetic_gradient{context_for(asked.context.batch), {}});
  }
};

class asking_actor : public observed_actor {
public:
  asking_actor(caf::actor_config& config, actor_context context, caf::actor other, int rounds,
               std::promise<double>& result)
    : observed_actor(config, context, "asking"), other_(std::move(other)), rounds_(rounds), result_(result) {}

protected:
  caf::behavior make_behavior() override {
    ask();
    return with_describe({on(&asking_actor::handle_answer)});
  }
  std::string describe() override { return "waits for an answer"; }

private:
  void ask() { send(other_, predict{context_for(static_cast<std::uint64_t>(done_)), {}, {}}); }
  void handle_answer(synthetic_gradient&) {
    if (++done_ == warm_up) began_ = steady_now_ns();
    if (done_ < warm_up + rounds_) {
      ask();
      return;
    }
    result_.set_value(static_cast<double>(steady_now_ns() - began_) * 1e-3 / rounds_);
    send_exit(other_, caf::exit_reason::user_shutdown);
    other_ = nullptr;
    quit();
  }

  static constexpr int warm_up = 100;
  caf::actor other_;
  int rounds_, done_ = 0;
  std::promise<double>& result_;
  std::int64_t began_ = 0;
};

// Microseconds for one hop with its reply: a predict question from one actor to another and the answer back, without
// any computing. Mean over `rounds`, on `threads` scheduler threads.
double measure_hop_us(int threads, int rounds) {
  std::promise<double> result;
  owned_actor_system system(threads, 1);
  const auto other = system.get().spawn<answering_actor>(actor_context{1});
  system.get().spawn<asking_actor>(actor_context{2}, other, rounds, std::ref(result));
  return result.get_future().get();
}

// ---- what a step costs

constexpr std::int64_t first_steps = 20; // of the run that finds how many steps a burst takes

constexpr const char* baseline = "locked";

step_products products_of(const std::string& policy, const bench_settings& settings,
                          const std::vector<std::int64_t>& widths) {
  const bool is_linear = policy == "synthetic" && settings.predictor == "linear";
  return is_linear ? synthetic_linear_products(widths, settings.batch)
                   : backpropagation_products(widths, settings.batch);
}

std::string model_of(int width, const bench_settings& settings) {
  return fmt::format("mlp:784-{}x{}-10", width, settings.hidden);
}

result<device_set> make_devices(const bench_settings& settings) {
  const auto chosen = choose_devices(settings.devices, 1);
  if (!chosen) return chosen.failure();
  return device_set::make(*chosen, settings.devices.for_cuda());
}

// Large products alone. 0 for the CPU: there the step's own products are the peak.
result<double> measure_device(const bench_settings& settings) {
  const auto name = parse_device_name(settings.devices.device);
  if (!name) return name.failure();
  if (!name->is_cuda()) return 0.0;
  product_rate_request request{.on = settings.devices.for_cuda(), .seconds = settings.seconds};
  request.on.ordinal = *name->ordinal;
  return measure_product_rate(request);
}

// Bursts of the products, of the training and of locked training in turn, so that whatever else the machine does meets
// all. Nothing where it was stopped.
result<std::optional<bench_measurement>> measure_pairs(const std::string& policy, int width, int threads,
                                                       const bench_settings& settings,
                                                       const std::function<bool()>& stopped) {
  const auto batch = settings.batch;
  std::vector<std::int64_t> widths(static_cast<std::size_t>(settings.hidden) + 2, width);
  widths.front() = 784;
  widths.back() = 10;
  bench_measurement found{.model = model_of(width, settings), .policy = policy, .threads = threads};
  const auto products = products_of(policy, settings, widths);
  const auto devices = make_devices(settings);
  if (!devices) return devices.failure();
  auto& device = *devices->places().source;
  // A GPU is filled by one stream of large products, and has no memory to spare for more.
  product_burst alone(products, device.name() == "cpu" ? threads : 1, device);
  const training_burst whole{found.model,
                             policy,
                             batch,
                             threads,
                             settings.devices.graphs() && !settings.recompute,
                             settings.predictor,
                             settings.optimizer,
                             settings.recompute};
  auto locked = whole;
  locked.policy = baseline;
  const bool is_baseline = policy == baseline;
  const auto data = random_dataset(widths.front(), static_cast<std::int32_t>(widths.back()), 16 * batch);

  auto speed = whole.run(first_steps, data, device);
  std::vector<double> peaks, speeds, shares, seconds, locked_seconds, ratios;
  const auto steps_in_burst = [&](const training_speed& of) {
    return std::max<std::int64_t>(first_steps, std::llround(of.steps_per_s * settings.seconds));
  };
  for (int pair = 0; speed && pair < settings.pairs; ++pair) {
    if (stopped()) return std::optional<bench_measurement>();
    peaks.push_back(alone.run(settings.seconds));
    const auto steps = steps_in_burst(*speed);
    speed = whole.run(steps, data, device);
    if (!speed) break;
    const auto compared = is_baseline ? speed : locked.run(steps, data, device);
    if (!compared) return compared.failure();
    speeds.push_back(speed->steps_per_s);
    shares.push_back(speed->steps_per_s / peaks.back());
    seconds.push_back(speed->processor_s);
    locked_seconds.push_back(compared->processor_s);
    ratios.push_back(speed->processor_s / compared->processor_s);
  }
  if (!speed) return speed.failure();
  found.step_mflop = products.flops() / 1e6;
  found.needed_step_mflop = products.needed_flops() / 1e6;
  found.peak_gflops = median(peaks) * products.flops() / 1e9;
  found.steps_per_s = median(speeds);
  found.share = median(shares);
  found.processor_s = median(seconds);
  found.locked_processor_s = median(locked_seconds);
  found.processor_ratio = median(ratios);
  found.needed_share = found.share * products.needed_flops() / products.flops();
  return std::optional(found);
}

// A device without room, or one that fails, is named by its exception.
result<std::optional<bench_measurement>> measured(const std::string& policy, int width, int threads,
                                                  const bench_settings& settings,
                                                  const std::function<bool()>& stopped) {
  try {
    return measure_pairs(policy, width, threads, settings, stopped);
  } catch (const std::exception& failure) {
    return error_of(failure);
  }
}

std::string on(int threads) {
  return fmt::format("on {}{}", threads, threads == 1 ? " thread" : " threads");
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

result<bench_report> measure(const bench_settings& settings, const std::function<void(const std::string&)>& say,
                             const std::function<bool()>& stopped) {
  bench_report report{.settings = settings, .measurements = {}, .hops = {}};
  for (const auto threads : settings.threads) {
    if (stopped()) break;
    say("hop between actors, " + on(threads));
    report.hops.push_back({threads, measure_hop_us(threads, settings.hops)});
  }
  const auto rate = measure_device(settings);
  if (!rate) return rate.failure();
  report.device_gflops = *rate / 1e9;
  for (const auto width : settings.widths) {
    for (const auto threads : settings.threads) {
      for (const auto& policy : settings.policies) {
        if (stopped()) continue;
        say(fmt::format("width {}, {}, {}", width, policy, on(threads)));
        auto found = measured(policy, width, threads, settings, stopped);
        if (!found) return found.failure();
        if (*found) report.measurements.push_back(std::move(**found));
      }
    }
  }
  report.peak_memory_bytes = peak_memory_bytes();
  return report;
}

} // namespace syngrad::tools
