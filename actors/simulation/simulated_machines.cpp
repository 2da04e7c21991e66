#include "actors/simulation/simulated_machines.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace syngrad {

simulated_machines::simulated_machines(std::vector<simulated_process> processes, double handling_s,
                                       std::vector<int> cores)
  : handling_s_(handling_s) {
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto& is = processes[i];
    const auto machine = static_cast<std::size_t>(is.machine);
    if (on_machine_.size() <= machine) on_machine_.resize(machine + 1);
    on_machine_[machine].push_back(static_cast<int>(i));
    processes_.push_back({is, is.threads, {}, 0});
  }
  first_asked_.resize(on_machine_.size());
  for (std::size_t machine = 0; machine < on_machine_.size(); ++machine) {
    int threads = 0;
    for (const auto process : on_machine_[machine]) threads += processes[static_cast<std::size_t>(process)].threads;
    free_cores_.push_back(machine < cores.size() ? cores[machine] : threads);
  }
}

int simulated_machines::add_actor(int process) {
  actors_.push_back({process, {}, false});
  return static_cast<int>(actors_.size()) - 1;
}

int simulated_machines::add_link(const link_times& when) {
  links_.push_back({when, 0});
  return static_cast<int>(links_.size()) - 1;
}

void simulated_machines::send(int to, const trace_record& what, handler handle) {
  send_at(now_, to, {std::move(handle), what, handling_, nobody});
}

void simulated_machines::send_over(int link, int to, std::uint64_t bytes, const trace_record& what, handler handle) {
  auto& over = links_[static_cast<std::size_t>(link)];
  over.bytes += static_cast<double>(bytes);
  const auto at = over.when.arrival_ns(static_cast<std::int64_t>(std::llround(now_ * 1e9)), bytes);
  send_at(std::max(now_, static_cast<double>(at) * 1e-9), to, {std::move(handle), what, handling_, link});
}

void simulated_machines::send_at(double at, int to, letter message) {
  if (handling_ != nobody) tell(record_kind::send, handling_, to, message);
  events_.push({at, number_++, to, std::move(message)});
}

void simulated_machines::tell(record_kind kind, int actor, int peer, const letter& message) const {
  if (watcher_) watcher_(kind, actor, peer, message.link, message.what, now_);
}

void simulated_machines::works(double multiply_adds) {
  assert(handling_ >= 0);
  const auto process = actors_[static_cast<std::size_t>(handling_)].process;
  now_ += multiply_adds / processes_[static_cast<std::size_t>(process)].is.multiply_adds_per_s;
}

bool simulated_machines::step() {
  if (events_.empty()) return false;
  auto next = std::move(const_cast<event&>(events_.top())); // which is popped at once
  events_.pop();
  now_ = next.at;
  auto& actor = actors_[static_cast<std::size_t>(next.actor)];
  auto& process = processes_[static_cast<std::size_t>(actor.process)];
  if (next.message.handle) {
    if (next.message.link != nobody) tell(record_kind::enqueue, next.actor, next.message.from, next.message);
    actor.mail.push_back(std::move(next.message));
    if (!actor.has_turn) takes_turn(next.actor);
  } else {
    ++process.free;
    ++free_cores_[static_cast<std::size_t>(process.is.machine)];
    actor.has_turn = false;
    if (!actor.mail.empty()) takes_turn(next.actor);
  }
  begin_what_can(process.is.machine);
  return true;
}

void simulated_machines::takes_turn(int actor) {
  auto& of = actors_[static_cast<std::size_t>(actor)];
  of.has_turn = true;
  processes_[static_cast<std::size_t>(of.process)].ready.push_back(actor);
}

// Processes of a machine take turns where it has fewer cores than they have threads.
void simulated_machines::begin_what_can(int machine) {
  const auto& here = on_machine_[static_cast<std::size_t>(machine)];
  auto& cores = free_cores_[static_cast<std::size_t>(machine)];
  auto& first = first_asked_[static_cast<std::size_t>(machine)];
  std::size_t refused = 0; // processes, one after the other
  while (refused < here.size() && cores > 0) {
    auto& process = processes_[static_cast<std::size_t>(here[first])];
    first = (first + 1) % here.size();
    if (process.free == 0 || process.ready.empty()) {
      ++refused;
      continue;
    }
    refused = 0;
    const auto actor = process.ready.front();
    process.ready.pop_front();
    --process.free;
    --cores;
    handle_next(actor);
  }
}

void simulated_machines::handle_next(int actor) {
  auto& of = actors_[static_cast<std::size_t>(actor)];
  const auto message = std::move(of.mail.front());
  of.mail.pop_front();
  const auto began = now_;
  handling_ = actor;
  handled_ = message.what.message;
  tell(record_kind::begin, actor, message.from, message);
  now_ += handling_s_;
  message.handle();
  tell(record_kind::end, actor, message.from, message);
  processes_[static_cast<std::size_t>(of.process)].busy_s += now_ - began;
  events_.push({now_, number_++, actor, {}});
  now_ = began;
  handling_ = nobody;
  handled_ = 0;
}

} // namespace syngrad
