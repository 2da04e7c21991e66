#include "tests/actors/scheduled_run.hpp"

#include "actors/group_weights.hpp"
#include "actors/hang_watch.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/run_restore.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/breakable_link.hpp"

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
    if (order.from) {
      if (const auto restored = restore_run(*plan, order.from); !restored)
        throw std::invalid_argument(restored.message());
    }
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

using links_by_interface = std::vector<std::vector<caf::actor>>;

// From the neighbours of group `index` that are `here` to `host`, who has it.
caf::actor link_to_group(caf::actor_system& system, const running_actors& host, const running_actors& here,
                         std::size_t index, links_by_interface& links) {
  links.resize(host.groups.size());
  std::vector<caf::actor> owners;
  const bool from_below = index > 0 && here.groups[index - 1];
  const bool from_above = index + 1 < here.groups.size() && here.groups[index + 1];
  if (from_below) owners.push_back(here.groups[index - 1]);
  if (from_above) owners.push_back(here.groups[index + 1]);
  const auto made = spawn_breakable_link(system, host.groups[index], owners);
  if (from_below) links[index - 1].push_back(made);
  if (from_above) links[index].push_back(made);
  return made;
}

// What happens to the network, in the order of time.
class network_events {
public:
  explicit network_events(const std::vector<network_cut>& cuts) {
    for (const auto& cut : cuts) {
      events_.push_back({cut.at, cut.interface, true});
      events_.push_back({cut.until, cut.interface, false});
    }
    std::stable_sort(events_.begin(), events_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  }

  std::optional<std::uint64_t> next() const {
    return next_ < events_.size() ? std::optional(events_[next_].at) : std::nullopt;
  }
  void happen_until(std::uint64_t now, const links_by_interface& links) {
    for (; next_ < events_.size() && events_[next_].at <= now; ++next_) {
      const auto& due = events_[next_];
      const auto interface = static_cast<std::size_t>(due.interface);
      if (interface >= links.size()) continue;
      for (const auto& link : links[interface])
        due.down ? caf::anon_send(link, link_down{"the test cut it"}) : caf::anon_send(link, link_up{});
    }
  }

private:
  struct event {
    std::uint64_t at = 0;
    int interface = 0;
    bool down = false;
  };
  std::vector<event> events_;
  std::size_t next_ = 0;
};

// Of all members; each knows of the others' actors only what stands in for them.
running_actors spawn_members(caf::actor_system& system, std::vector<run_plan>& plans, const std::vector<int>& member_of,
                             links_by_interface& links) {
  if (member_of.empty()) return spawn_actors(system, plans.front());
  std::vector<running_actors> members;
  for (auto& plan : plans) members.push_back(spawn_local_actors(system, plan));
  auto& first = members.front();
  for (std::size_t member = 0; member < members.size(); ++member) {
    auto& here = members[member];
    outside_actors outside;
    if (member > 0) {
      outside.coordinator = spawn_breakable_link(system, first.coordinator);
      outside.source = spawn_breakable_link(system, first.source);
    }
    for (std::size_t i = 0; i < member_of.size(); ++i) {
      const auto host = static_cast<std::size_t>(member_of[i]);
      outside.groups.push_back(host == member ? caf::actor{} : link_to_group(system, members[host], here, i, links));
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
  links_by_interface links;
  auto actors = spawn_members(system.get(), members, order.member_of, links);
  network_events network(order.cuts);
  auto outcome = actors.state->outcome.get_future();
  random_source random(order.seed, 3);
  auto& jobs = system.scheduler().jobs;
  auto& clock = system.scheduler().clock();
  const auto arrives = [&] { return settings.link.is_in_time() && clock.trigger_timeout(); }; // the next over a link
  for (std::uint64_t handled = 0; !has_ended(outcome); ++handled) {
    network.happen_until(handled, links);
    if (order.interrupt_at == handled) caf::anon_send(actors.coordinator, interrupt_run{});
    const bool device_first = order.late && random.below(2) == 0;
    if (device_first && works_late(order, random)) continue;
    if (settings.link.is_in_time() && random.below(4) == 0 && arrives()) continue;
    if (!jobs.empty()) {
      std::swap(jobs.front(), jobs[random.below(static_cast<std::uint32_t>(jobs.size()))]);
      system.scheduler().run_once();
    } else if (works_late(order, random) || arrives()) {
      continue;
    } else if (const auto next = network.next()) {
      handled = *next - 1;
    } else {
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
