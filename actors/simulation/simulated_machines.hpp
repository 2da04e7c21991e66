// Machines that are not there, on a clock of their own: who handles which message when, and how long it is on its way.
//
// Each actor belongs to a process, each process to a machine. A process has threads, a machine has cores; a message is
// handled while both have one free, to its end, those of an actor in the order in which they came, those of different
// actors in the order in which these came to have one. What it sends leaves as the clock stands then, and is there at
// once, or when the link that it goes over says so.
//
// A link between processes costs processor time at both ends: each end is an actor of its own, in a process that stands
// for what a process does for its network.
//
// A discrete-event simulation: the same calls in the same order give the same times. One thread.
#pragma once

#include "actors/link_times.hpp"
#include "runtime/trace/trace_record.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <vector>

namespace syngrad {

struct simulated_process {
  int threads = 1;
  double multiply_adds_per_s = 1e10; // of a thread
  int machine = 0;
  double speed = 1;       // of a thread, in what is told in seconds: those of one of speed 1
  bool is_urgent = false; // what waits here for a core has it before what waits in processes that are not
};

// Of a message over a link, at either end.
struct crossing_cost {
  double message_s = 0, byte_s = 0;

  bool any() const { return message_s > 0 || byte_s > 0; }
  double seconds(std::uint64_t bytes) const { return message_s + byte_s * static_cast<double>(bytes); }
};

class simulated_machines {
public:
  using handler = std::function<void()>;

  // `cores` of each machine; a machine that is not among them has as many as its processes have threads.
  // `handling_s`: what it takes to handle any message, beside its work.
  simulated_machines(std::vector<simulated_process> processes, double handling_s, std::vector<int> cores = {});

  int add_actor(int process);
  // One direction of one, whose ends are actors; nobody: what is sent is on its way at once.
  static constexpr int nobody = -1;
  struct link_ends {
    int out = nobody, in = nobody;
    crossing_cost cost = {};
  };
  int add_link(const link_times& when, const link_ends& ends);
  int add_link(const link_times& when) { return add_link(when, {}); }

  // Told of each message, what it is, when it was sent, has come over a link, begins and ends to be handled, also by
  // the end of a link that it goes out at: by the kind of a record. `peer`: the receiver of what is sent, else the
  // sender; nobody: it came from outside. `link`: that it goes over; nobody: none.
  using watcher = std::function<void(record_kind, int actor, int peer, int link, const trace_record& what, double at)>;
  void watch(watcher told) { watcher_ = std::move(told); }

  // ---- from within a handler, or before the first step; `what` has message, parent, batch, version, value, interface
  // and type of its records
  void send(int to, const trace_record& what, handler);
  void send_over(int link, int to, std::uint64_t bytes, const trace_record& what, handler);
  double now() const { return now_; } // s
  // ---- from within a handler: the message takes that much longer
  void works(double multiply_adds);
  void works_for(double seconds);
  std::uint64_t handled() const { return handled_; } // its id; 0: none

  // ---- at any time
  // Calls `what` then, as nobody's message; where it is optional, not if nothing but such calls is left to happen.
  void call_at(double seconds, handler what, bool is_optional = false);
  // A stopped process begins nothing; what it handles just then it handles to its end.
  void stop(int process);
  void resume(int process);

  // Handles one thing that happens; false: nothing will any more.
  bool step();

  double busy_s(int process) const { return processes_[static_cast<std::size_t>(process)].busy_s; } // all threads
  double bytes_over(int link) const { return links_[static_cast<std::size_t>(link)].bytes; }

private:
  struct letter {
    handler handle;
    trace_record what;
    int from = nobody;
    int link = nobody;
  };
  struct event {
    double at = 0;
    std::uint64_t number = 0;
    int actor = 0;  // nobody: a call
    letter message; // without a handler: the one before is handled
    bool is_optional = false;
  };
  struct later {
    bool operator()(const event& a, const event& b) const { return a.at != b.at ? a.at > b.at : a.number > b.number; }
  };
  struct simulated_actor {
    int process = 0;
    std::deque<letter> mail;
    bool has_turn = false; // waits for a thread, or has one
  };
  struct process_state {
    simulated_process is;
    int free = 0;
    std::deque<int> ready; // actors
    double busy_s = 0;
    bool is_stopped = false;
  };
  struct link_state {
    link_times when;
    link_ends ends;
    double bytes = 0;
  };
  struct machine_state {
    int free_cores = 0;
    std::vector<int> processes[2];       // that are urgent; the others
    std::size_t first_asked[2] = {0, 0}; // of them, the next time
  };

  void post(double at, int to, letter);
  double arrival_over(int link, std::uint64_t bytes);
  void go_out(int link, int to, std::uint64_t bytes, letter);
  void tell(record_kind, int actor, int peer, const letter&) const;
  void begin_what_can(machine_state&);
  void begin_in_turn(machine_state&, const std::vector<int>& processes, std::size_t& first_asked);
  void handle_next(int actor);
  void takes_turn(int actor);

  std::vector<process_state> processes_;
  std::vector<machine_state> machines_;
  double handling_s_;
  std::vector<simulated_actor> actors_;
  std::priority_queue<event, std::vector<event>, later> events_;
  std::vector<link_state> links_;
  std::uint64_t number_ = 0;
  std::size_t optional_ = 0; // of the events
  double now_ = 0;
  int handling_ = nobody; // actor
  std::uint64_t handled_ = 0;
  watcher watcher_;
};

} // namespace syngrad
