#include "actors/training.hpp"

#include "actors/actor_system.hpp"
#include "actors/assembly.hpp"
#include "actors/group_weights.hpp"
#include "actors/hang_watch.hpp"
#include "actors/run_restore.hpp"
#include "actors/sanitizers.hpp"

#include <chrono>
#include <mutex>
#include <utility>

namespace syngrad {

struct training::implementation {
  run_plan plan;
  std::mutex mutex; // of what interrupt() touches
  std::unique_ptr<owned_actor_system> system;
  caf::actor coordinator;
  std::shared_ptr<run_state> state; // once the run has begun
  bool interrupted = false, wants_checkpoint = false;
  std::vector<lost_group> lost;
};

namespace {

// Of a run that hung: a device that does not answer must not be waited for.
std::vector<lost_group> groups_not_to_wait_for(const std::vector<planned_group>& groups) {
  std::vector<lost_group> all;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (auto* const where = groups[i].where; where && !where->host_reads_memory())
      all.push_back({static_cast<int>(i), groups[i].units, where->name(), "the run hung"});
  return all;
}

std::string names_of(const std::vector<lost_group>& lost) {
  std::string names;
  for (const auto& each : lost)
    names +=
      (names.empty() ? "" : ", ") + std::to_string(each.group) + " (layers " + each.layers + " on " + each.device + ")";
  return names;
}

training_summary not_begun(const std::string& why) {
  training_summary out;
  out.end = run_end::failed;
  out.failure = why;
  out.final_loss = not_measured;
  return out;
}

} // namespace

training::training(std::unique_ptr<implementation> self) : self_(std::move(self)) {}
training::~training() = default;

result<std::unique_ptr<training>> training::prepare(training_settings settings, network net, const dataset& data,
                                                    device& where, training_observer observer, trace_recorder* trace,
                                                    std::shared_ptr<const saved_run> go_on_from) {
  const auto places = device_places::all_on(where, settings.split);
  return prepare(std::move(settings), std::move(net), data, places, std::move(observer), trace, std::move(go_on_from));
}

result<std::unique_ptr<training>> training::prepare(training_settings settings, network net, const dataset& data,
                                                    const device_places& places, training_observer observer,
                                                    trace_recorder* trace,
                                                    std::shared_ptr<const saved_run> go_on_from) {
  auto plan = make_run_plan(std::move(settings), std::move(net), &data, places, std::move(observer), trace);
  if (!plan) return plan.failure();
  if (go_on_from) {
    if (auto restored = restore_run(*plan, std::move(go_on_from)); !restored) return restored.failure();
  }
  auto self = std::make_unique<implementation>();
  self->plan = std::move(*plan);
  return std::unique_ptr<training>(new training(std::move(self)));
}

training_summary training::run() {
  const auto& settings = self_->plan.settings;
  if (const auto room = check_actor_threads(settings.threads, settings.intra_op); !room)
    return not_begun(room.message());
  // Whatever keeps this thread here, interrupt() gets the mutex.
  auto system = std::make_unique<owned_actor_system>(settings.threads, settings.intra_op);
  {
    const std::lock_guard lock(self_->mutex);
    self_->plan.saves_at_once = std::exchange(self_->wants_checkpoint, false);
  }
  auto actors = spawn_actors(system->get(), self_->plan);
  {
    const std::lock_guard lock(self_->mutex);
    self_->system = std::move(system);
    self_->coordinator = actors.coordinator;
    self_->state = actors.state;
    if (self_->wants_checkpoint) caf::anon_send(actors.coordinator, take_checkpoint{});
    if (self_->interrupted) caf::anon_send(actors.coordinator, interrupt_run{});
  }
  auto outcome = wait_for_outcome(actors, settings.hang_after_s, self_->plan.observer);
  const std::lock_guard lock(self_->mutex);
  self_->coordinator = nullptr;
  actors.all.clear();
  actors.coordinator = nullptr;
  if (outcome.end == run_end::hung) {
    // Its destructor would wait for actors that may never end. The program is about to exit.
    leak_deliberately(std::move(self_->system));
  } else {
    self_->system.reset();
  }
  const auto& groups = self_->plan.groups;
  outcome.lost_groups = outcome.end == run_end::hung ? groups_not_to_wait_for(groups) : find_lost_groups(groups);
  if (outcome.end != run_end::hung && self_->plan.work) self_->plan.work->flush(); // the devices have been waited for
  self_->lost = outcome.lost_groups;
  if (self_->lost.empty()) return outcome;
  if (outcome.failure.empty()) { // a device broke after the last batch
    outcome.end = run_end::failed;
    outcome.failure = self_->lost.front().why;
  }
  outcome.failure += "; not saved: the weights of group " + names_of(self_->lost);
  return outcome;
}

void training::interrupt() {
  const std::lock_guard lock(self_->mutex);
  self_->interrupted = true;
  if (self_->coordinator) caf::anon_send(self_->coordinator, interrupt_run{});
}

void training::checkpoint_now() {
  const std::lock_guard lock(self_->mutex);
  self_->wants_checkpoint = true;
  if (self_->coordinator) caf::anon_send(self_->coordinator, take_checkpoint{});
}

std::vector<layer_group::named_tensor> training::weights() {
  return read_weights(self_->plan.groups, self_->lost);
}

status training::with_weights_now(const weights_use& use) {
  const auto state = [this] {
    const std::lock_guard lock(self_->mutex);
    return self_->state;
  }();
  if (state) ++state->standing_still;
  const auto done = syngrad::with_weights_now(self_->plan.groups, message_patience, use);
  if (state) --state->standing_still;
  return done;
}

} // namespace syngrad
