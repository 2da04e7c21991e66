// What recording costs a training: steps per second with the trace on against off, switched within one process.
//
//     trace_overhead_bench [PAIRS [STEPS]]        200 pairs of 24 steps each way by default
//
// 784-256x5-10 in 6 groups, batch 256, synthetic with linear predictors, 2 threads. Prints the median ratio of the
// pairs and a 95 % interval of the mean of its logarithm (normal approximation), as one line of JSON.
#include "actors/actor_system.hpp"
#include "actors/assembly.hpp"
#include "actors/time_account.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/bench/bursts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace {

using namespace syngrad;

// Switches the recorder after every `span` updates of the top group, and keeps how long they took.
class switching_observer : public recording_observer {
public:
  switching_observer(trace_recorder& recorder, int span)
    : recording_observer(recorder), recorder_(recorder), span_(span) {}

  void updated(const update_origin& origin, applied_gradient applied, std::uint32_t predictor_version) override {
    recording_observer::updated(origin, applied, predictor_version);
    if (origin.interface != no_interface || ++updates_ % span_ != 0)
      return; // the top group alone: one thread at a time
    const auto now = steady_now_ns();
    if (began_ != 0) (recorder_.on() ? on : off).push_back(static_cast<double>(now - began_));
    began_ = now;
    recorder_.switch_on(!recorder_.on());
  }

  std::vector<double> on, off; // ns a span

private:
  trace_recorder& recorder_;
  int span_;
  std::int64_t updates_ = 0, began_ = 0;
};

int print_ratio(const switching_observer& observer, std::uint64_t records, std::uint64_t lost) {
  const auto pairs = std::min(observer.on.size(), observer.off.size());
  std::vector<double> logs;
  for (std::size_t i = 0; i < pairs; ++i) logs.push_back(std::log(observer.off[i] / observer.on[i])); // of speeds
  if (logs.size() < 2) return 1;
  double mean = 0, square = 0;
  for (const auto each : logs) mean += each / static_cast<double>(pairs);
  for (const auto each : logs) square += (each - mean) * (each - mean) / static_cast<double>(pairs - 1);
  const double half = 1.96 * std::sqrt(square / static_cast<double>(pairs));
  std::nth_element(logs.begin(), logs.begin() + static_cast<std::ptrdiff_t>(pairs / 2), logs.end());
  std::printf("{\"pairs\": %zu, \"median_ratio\": %.4f, \"mean_ratio\": %.4f, \"from\": %.4f, \"to\": %.4f, "
              "\"records\": %llu, \"lost\": %llu}\n",
              pairs, std::exp(logs[pairs / 2]), std::exp(mean), std::exp(mean - half), std::exp(mean + half),
              static_cast<unsigned long long>(records), static_cast<unsigned long long>(lost));
  return 0;
}

} // namespace

int main(int count, char** words) {
  const int pairs = count > 1 ? std::atoi(words[1]) : 200;
  const int span = count > 2 ? std::atoi(words[2]) : 24;
  std::string folder = (std::filesystem::temp_directory_path() / "syngrad-XXXXXX").string();
  if (pairs < 2 || span < 1 || !::mkdtemp(folder.data())) return 2;
  trace_settings wanted;
  wanted.folder = folder;
  auto recorder = trace_recorder::create(wanted, {});
  const auto data = tools::random_dataset(784, 10, 8192);
  cpu_device device;
  training_settings settings;
  settings.split.assign(6, 1);
  settings.synthetic.kind = "linear";
  settings.steps = std::int64_t{2} * (pairs + 1) * span;
  int code = 1;
  if (recorder) {
    auto plan = make_run_plan(settings, std::move(*make_network("mlp:784-256x5-10")), &data,
                              device_places::all_on(device, settings.split), {}, recorder->get());
    if (plan) {
      const auto observer = std::make_shared<switching_observer>(**recorder, span);
      plan->updates = observer;
      {
        owned_actor_system system(settings.threads, 1);
        auto actors = spawn_actors(system.get(), *plan);
        actors.state->outcome.get_future().wait();
      }
      code = print_ratio(*observer, (*recorder)->records(), (*recorder)->lost());
    }
    static_cast<void>((*recorder)->close());
  }
  std::filesystem::remove_all(folder);
  return code;
}
