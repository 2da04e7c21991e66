#include "tests/actors/scheduled_run.hpp"

#include "actors/group_weights.hpp"
#include "actors/hang_report.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <utility>

namespace syngrad::test {

namespace {

class test_system {
public:
  test_system() {
    config_.set("scheduler.policy", caf::atom("testing"));
    system_.emplace(config_);
  }
  ~test_system() { scheduler().run(); }

  caf::actor_system& get() { return *system_; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  }

private:
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
};

template <class T>
bool has_ended(std::future<T>& outcome) {
  return outcome.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void add(replay_cache::counters& sum, const replay_cache::counters& one) {
  sum.recordings += one.recordings;
  sum.replays += one.replays;
  sum.plain_runs += one.plain_runs;
  sum.slots += one.slots;
}

std::string describe_all(test_system& system, const std::vector<caf::actor>& actors) {
  std::string text;
  for (const auto& each : actors) {
    const auto answer = std::make_shared<std::promise<std::string>>();
    auto line = answer->get_future();
    caf::anon_send(each, describe_request{answer});
    system.scheduler().run();
    text += has_ended(line) ? line.get() + "\n" : "no answer\n";
  }
  return text;
}

// A piece of work of one of the late devices, or of the other.
bool works_late(const schedule& order, random_source& random) {
  if (!order.late) return false;
  if (!order.late_peer) return order.late->run_one();
  const bool peer_first = random.below(2) == 0;
  auto& first = peer_first ? *order.late_peer : *order.late;
  auto& second = peer_first ? *order.late : *order.late_peer;
  return first.run_one() || second.run_one();
}

} // namespace

run_result run_scheduled(training_settings settings, const std::string& model, const dataset& data, device& where,
                         const schedule& order, training_observer observer) {
  const auto places = device_places::all_on(where, settings.split);
  return run_scheduled(std::move(settings), model, data, places, order, std::move(observer));
}

run_result run_scheduled(training_settings settings, const std::string& model, const dataset& data,
                         const device_places& places, const schedule& order, training_observer observer) {
  configure_compute_thread();
  auto net = make_network(model);
  auto plan = make_run_plan(std::move(settings), std::move(*net), &data, places, std::move(observer), order.trace);
  if (!plan) throw std::invalid_argument(plan.message());
  const auto groups = plan->groups;

  run_result out;
  test_system system;
  auto actors = spawn_actors(system.get(), *plan);
  auto outcome = actors.state->outcome.get_future();
  random_source random(order.seed, 3);
  auto& jobs = system.scheduler().jobs;
  for (std::uint64_t handled = 0; !has_ended(outcome); ++handled) {
    if (order.interrupt_at == handled) caf::anon_send(actors.coordinator, interrupt_run{});
    const bool device_first = order.late && random.below(2) == 0;
    if (device_first && works_late(order, random)) continue;
    if (!jobs.empty()) {
      std::swap(jobs.front(), jobs[random.below(static_cast<std::uint32_t>(jobs.size()))]);
      system.scheduler().run_once();
    } else if (!works_late(order, random)) {
      out.stuck = describe_all(system, actors.all);
      for (const auto& each : actors.all) caf::anon_send_exit(each, caf::exit_reason::kill);
      return out;
    }
  }
  out.summary = outcome.get();
  system.scheduler().run();
  for (auto* each : plan->devices) each->synchronize();
  if (plan->work) plan->work->flush();
  out.summary.lost_groups = find_lost_groups(groups);
  for (const auto& each : read_weights(groups, out.summary.lost_groups))
    out.weights.insert(out.weights.end(), each.value.f32(), each.value.f32() + each.value.elements());
  for (const auto& each : groups) {
    add(out.recordings, each.layers->recordings());
    if (each.predictor) add(out.recordings, each.predictor->recordings());
  }
  return out;
}

} // namespace syngrad::test
