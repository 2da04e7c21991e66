#include "tests/actors/scheduled_run.hpp"

#include "actors/group_weights.hpp"
#include "actors/hang_report.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <algorithm>
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

// A plan for each member; the first one has the data.
std::vector<run_plan> make_members(const training_settings& settings, const std::string& model, const dataset& data,
                                   const device_places& all, const schedule& order, const training_observer& observer) {
  const auto& member_of = order.member_of;
  const int members = member_of.empty() ? 1 : 1 + *std::max_element(member_of.begin(), member_of.end());
  std::vector<run_plan> plans;
  for (int member = 0; member < members; ++member) {
    auto places = all;
    for (std::size_t i = 0; i < member_of.size(); ++i)
      if (member_of[i] != member) places.groups[i] = nullptr;
    auto net = make_network(model);
    auto plan = make_run_plan(settings, std::move(*net), member == 0 ? &data : nullptr, places, observer, order.trace);
    if (!plan) throw std::invalid_argument(plan.message());
    plan->node = static_cast<std::uint8_t>(member);
    plans.push_back(std::move(*plan));
  }
  return plans;
}

// Every group of the run, each from the member that has it.
std::vector<planned_group> all_groups(const std::vector<run_plan>& members) {
  auto groups = members.front().groups;
  for (const auto& member : members)
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (member.groups[i].layers) groups[i] = member.groups[i];
  return groups;
}

// Stands in for an actor of another member: passes everything on, in order.
caf::actor spawn_stand_in(caf::actor_system& system, const caf::actor& for_whom) {
  return system.spawn([for_whom](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler([for_whom](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
      caf::anon_send(for_whom, view.move_content_to_message());
      return caf::message{};
    });
    return {[](caf::unit_t) {}};
  });
}

// Of all members; each knows of the others' actors only what stands in for them.
running_actors spawn_members(caf::actor_system& system, std::vector<run_plan>& plans,
                             const std::vector<int>& member_of) {
  if (member_of.empty()) return spawn_actors(system, plans.front());
  std::vector<running_actors> members;
  for (auto& plan : plans) members.push_back(spawn_local_actors(system, plan));
  auto& first = members.front();
  for (std::size_t member = 0; member < members.size(); ++member) {
    auto& here = members[member];
    outside_actors outside;
    if (member > 0) {
      outside.coordinator = spawn_stand_in(system, first.coordinator);
      outside.source = spawn_stand_in(system, first.source);
    }
    for (std::size_t i = 0; i < member_of.size(); ++i) {
      const auto host = static_cast<std::size_t>(member_of[i]);
      outside.groups.push_back(host == member ? caf::actor{} : spawn_stand_in(system, members[host].groups[i]));
    }
    join_actors(here, outside);
    if (member == 0) start_run(here, outside, plans.front());
    for (const auto& each : outside.groups)
      if (each) here.all.push_back(each);
    if (member > 0) first.all.insert(first.all.end(), here.all.begin(), here.all.end());
  }
  return first;
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
  run_result out;
  test_system system;
  auto members = make_members(settings, model, data, places, order, observer);
  const auto groups = all_groups(members);
  auto actors = spawn_members(system.get(), members, order.member_of);
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
  for (const auto& each : actors.all) caf::anon_send_exit(each, caf::exit_reason::user_shutdown); // of other members
  system.scheduler().run();
  for (auto* each : members.front().devices) each->synchronize();
  if (members.front().work) members.front().work->flush();
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
