// What it costs a training to be saved every so many steps: processor seconds of runs with and without, by turns.
//
//     checkpoint_bench POLICY [PAIRS [STEPS [EVERY]]]        10 pairs of 600 steps, every 100 by default
//
// 784-256x5-10 in 6 groups, batch 256, 2 threads. The state is kept until the next one comes, as one that is written to
// a disk meanwhile is. Prints medians as one line of JSON; "ratio" is the median of the pairs' ratios.
#include "actors/time_account.hpp"
#include "actors/training.hpp"
#include "models/saved_state.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/bench/bursts.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

using namespace syngrad;

struct measured {
  double processor_s = 0;
  std::size_t saved = 0, bytes = 0; // states, bytes of the last one
};

double processor_s() {
  std::timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::size_t bytes_of(const saved_run& state) {
  std::size_t sum = 0;
  for (const auto& part : state.parts)
    for (const auto& each : part.tensors) sum += each.value.bytes();
  return sum;
}

measured run(const training_settings& settings, const dataset& data, cpu_device& device) {
  measured out;
  std::shared_ptr<const saved_run> latest;
  training_observer observer;
  observer.on_checkpoint = [&](std::shared_ptr<const saved_run> state) {
    latest = std::move(state);
    ++out.saved;
  };
  auto prepared = training::prepare(settings, std::move(*make_network("mlp:784-256x5-10")), data, device, observer);
  if (!prepared) {
    std::fprintf(stderr, "%s\n", prepared.message().c_str());
    std::exit(2);
  }
  const auto before = processor_s();
  const auto summary = (*prepared)->run();
  out.processor_s = processor_s() - before;
  if (!ended_well(summary.end)) std::exit(1);
  if (latest) out.bytes = bytes_of(*latest);
  return out;
}

double median(std::vector<double> of) {
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
}

} // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  const auto number = [&](int i, int usual) { return count > i ? std::atoi(words[i]) : usual; };
  const int pairs = number(2, 10), steps = number(3, 600), every = number(4, 100);
  if (pairs < 1 || steps < 1 || every < 1) return 2;
  const auto data = tools::random_dataset(784, 10, 8192);
  configure_compute_thread();
  cpu_device device;
  training_settings settings;
  settings.policy = words[1];
  settings.split.assign(6, 1);
  settings.steps = steps;
  std::vector<double> without, with, ratios;
  measured last;
  run(settings, data, device); // memory, primitives
  for (int i = 0; i < pairs; ++i) {
    settings.checkpoint_every = 0;
    without.push_back(run(settings, data, device).processor_s);
    settings.checkpoint_every = every;
    last = run(settings, data, device);
    with.push_back(last.processor_s);
    ratios.push_back(with.back() / without.back());
  }
  std::printf("{\"policy\": \"%s\", \"pairs\": %d, \"steps\": %d, \"every\": %d, \"saved\": %zu, \"bytes\": %zu, "
              "\"without_s\": %.3f, \"with_s\": %.3f, \"ratio\": %.4f}\n",
              words[1], pairs, steps, every, last.saved, last.bytes, median(without), median(with), median(ratios));
  return 0;
}
