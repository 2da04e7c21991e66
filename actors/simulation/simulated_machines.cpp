#include "actors/simulation/simulated_machines.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace syngrad {

simulated_machines::simulated_machines(std::vector<simulated_process> processes, double handling_s,
                                       std::vector<int> cores)
  : handling_s_(handling_s) {
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto& is = processes[i];
    const auto number = static_cast<std::size_t>(is.machine);
    if (machines_.size() <= number) machines_.resize(number + 1);
    auto& machine = machines_[number];
    machine.processes[is.is_urgent ? 0 : 1].push_back(static_cast<int>(i));
    machine.free_cores += is.threads;
    processes_.push_back({is, is.threads, {}, 0});
  }
  for (std::size_t i = 0; i < std::min(cores.size(), machines_.size()); ++i) machines_[i].free_cores = cores[i];
}

int simulated_machines::add_actor(int process) {
  actors_.push_back({process, {}, false});
  return static_cast<int>(actors_.size()) - 1;
}

int simulated_machines::add_link(const link_times& when, const link_ends& ends) {
  links_.push_back({when, ends, 0});
  return static_cast<int>(links_.size()) - 1;
}

void simulated_machines::send(int to, const trace_record& what, handler handle) {
  letter message{std::move(handle), what, handling_, nobody};
  if (handling_ != nobody) tell(record_kind::send, handling_, to, message);
  post(now_, to, std::move(message));
}

void simulated_machines::send_over(int link, int to, std::uint64_t bytes, const trace_record& what, handler handle) {
  auto& over = links_[static_cast<std::size_t>(link)];
  over.bytes += static_cast<double>(bytes);
  letter message{std::move(handle), what, handling_, link};
  tell(record_kind::send, handling_, to, message);
  if (over.ends.out != nobody) return go_out(link, to, bytes, std::move(message));
  post(arrival_over(link, bytes), to, std::move(message));
}

// Through the actor at this end, over the link, and through the one at the other end.
void simulated_machines::go_out(int link, int to, std::uint64_t bytes, letter message) {
  const auto ends = links_[static_cast<std::size_t>(link)].ends;
  const auto cost_s = std::max(0.0, ends.cost.seconds(bytes) - handling_s_);
  const auto what = message.what;
  const auto from = message.from;
  const auto come_in = [this, cost_s, to, message = std::move(message)] {
    works_for(cost_s);
    post(now_, to, message);
  };
  const auto leave = [this, link, bytes, cost_s, in = ends.in, come_in] {
    works_for(cost_s);
    post(arrival_over(link, bytes), in, {come_in, {}, nobody, nobody});
  };
  post(now_, ends.out, {leave, what, from, nobody});
}

double simulated_machines::arrival_over(int link, std::uint64_t bytes) {
  auto& when = links_[static_cast<std::size_t>(link)].when;
  return std::max(now_, static_cast<double>(when.arrival_ns(std::llround(now_ * 1e9), bytes)) * 1e-9);
}

void simulated_machines::post(double at, int to, letter message) {
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

void simulated_machines::works_for(double seconds) {
  assert(handling_ >= 0);
  const auto process = actors_[static_cast<std::size_t>(handling_)].process;
  now_ += seconds / processes_[static_cast<std::size_t>(process)].is.speed;
}

void simulated_machines::call_at(double seconds, handler what, bool is_optional) {
  if (is_optional) ++optional_;
  events_.push({std::max(now_, seconds), number_++, nobody, {std::move(what), {}, nobody, nobody}, is_optional});
}

void simulated_machines::stop(int process) {
  processes_[static_cast<std::size_t>(process)].is_stopped = true;
}

void simulated_machines::resume(int process) {
  processes_[static_cast<std::size_t>(process)].is_stopped = false;
}

bool simulated_machines::step() {
  if (events_.size() == optional_) return false;
  auto next = std::move(const_cast<event&>(events_.top())); // which is popped at once
  events_.pop();
  now_ = next.at;
  if (next.actor == nobody) {
    if (next.is_optional) --optional_;
    next.message.handle();
    for (auto& each : machines_) begin_what_can(each);
    return true;
  }
  auto& actor = actors_[static_cast<std::size_t>(next.actor)];
  auto& process = processes_[static_cast<std::size_t>(actor.process)];
  auto& machine = machines_[static_cast<std::size_t>(process.is.machine)];
  if (next.message.handle) {
    if (next.message.link != nobody) tell(record_kind::enqueue, next.actor, next.message.from, next.message);
    actor.mail.push_back(std::move(next.message));
    if (!actor.has_turn) takes_turn(next.actor);
  } else {
    ++process.free;
    ++machine.free_cores;
    actor.has_turn = false;
    if (!actor.mail.empty()) takes_turn(next.actor);
  }
  begin_what_can(machine);
  return true;
}

void simulated_machines::takes_turn(int actor) {
  auto& of = actors_[static_cast<std::size_t>(actor)];
  of.has_turn = true;
  processes_[static_cast<std::size_t>(of.process)].ready.push_back(actor);
}

void simulated_machines::begin_what_can(machine_state& machine) {
  for (const int which : {0, 1}) begin_in_turn(machine, machine.processes[which], machine.first_asked[which]);
}

// Processes of a machine take turns where it has fewer cores than they have threads.
void simulated_machines::begin_in_turn(machine_state& machine, const std::vector<int>& processes,
                                       std::size_t& first_asked) {
  std::size_t refused = 0; // processes, one after the other
  while (refused < processes.size() && machine.free_cores > 0) {
    auto& process = processes_[static_cast<std::size_t>(processes[first_asked])];
    first_asked = (first_asked + 1) % processes.size();
    if (process.is_stopped || process.free == 0 || process.ready.empty()) {
      ++refused;
      continue;
    }
    refused = 0;
    const auto actor = process.ready.front();
    process.ready.pop_front();
    --process.free;
    --machine.free_cores;
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
