// A node's part in one run, from the coordinator's order to its word of dismissal.
//
// | stage    | what ends it                                      | then                                              |
// |----------|---------------------------------------------------|---------------------------------------------------|
// | ordered  | run_order                                         | builds its groups, says `built`: joining          |
// | joining  | open_links, and a connection to every neighbour   | says `ready`: training                            |
// | training | finish                                            | stops its actors; sends what is asked for: ending |
// | ending   | dismiss, or the coordinator is gone               | over                                              |
// In each stage:
//   - A dead neighbour, or an actor that ended: says `trouble` and waits for `finish`, `patience_s` at most. Where none
//     comes, says what the actors here waited for.
//   - Ctrl-C: the same, for as long as the run takes to end in order; a second one: over at once.
//   - The coordinator, or the process that started this one, is gone: over at once.
// A process that is told to end may be killed soon. So Ctrl-C, here or at the coordinator (tell_weights), saves the
// weights as they are before anything else; so does keep_weights in the inbox, and the run goes on.
//
// Threads: run() blocks its caller. The node's plan is its own; nothing here is shared but the actors.
#pragma once

#include "actors/distributed/run_links.hpp"
#include "actors/trainer.hpp"

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace syngrad {

// What a node brings along to take part in a run.
struct member_setup {
  caf::actor_system* system = nullptr;
  run_inbox* inbox = nullptr;
  control_ends* coordinator = nullptr;
  std::string name;
  device* host = nullptr; // where tensors from other processes arrive
  // Builds the groups that are placed here; fails with a line.
  std::function<result<run_plan>(const run_order&)> build;
  // The peer that leads to another process of the run: made at the first call. 0: the coordinator's.
  std::function<caf::actor(const run_order&, std::uint8_t node)> peer_of;
  std::function<link_options()> options_of_links; // once built
  std::function<status(const std::function<void(trace_part)>& send)> send_trace;
  weights_use keep;                               // saves them on this node's disk, where they replace earlier ones
  std::function<void(const std::string&)> notice; // a line for the user
  double patience_s = 15;                         // for `finish`, after trouble
};

struct member_outcome {
  run_end end = run_end::failed;
  std::string why;                // where it failed
  bool delivered = false;         // the coordinator has what it asked for
  std::vector<std::string> stuck; // actors that did not end when told to
};

class member_run {
public:
  explicit member_run(member_setup setup) : setup_(std::move(setup)) {}

  member_outcome run();

  // After run(): null where nothing was built.
  run_plan* plan() { return plan_ ? &*plan_ : nullptr; }
  std::vector<layer_group::named_tensor> weights() const;

private:
  using clock = std::chrono::steady_clock;

  // Takes events until a control message of that type has come; false where the run is over before.
  bool wait_for(control_type wanted);
  bool wait_for_neighbours(const std::vector<std::uint8_t>& neighbours);
  void take(const run_event&);
  void take(const node_said&);
  void take(const peer_up&);
  void take(const peer_dead&);
  void take(const actor_ended&);
  void interrupt();
  void trouble_here(const std::string& why);
  bool over() const { return left_ || finish_ || !lost_.empty(); }
  void conclude(member_outcome&);
  std::string name_of_node(std::uint8_t node) const;
  std::vector<std::string> waits_here() const; // a line for each actor and peer
  void say_waits() const;

  bool build();
  bool join();
  void stop_actors(member_outcome&);
  void deliver(member_outcome&);
  void send_weights();
  status keep_now(const std::function<void(std::span<const layer_group::named_tensor>)>& then);
  void keep_and_say();
  void tell(const tell_weights&);

  member_setup setup_;
  std::optional<control_message> said_; // of the type that is waited for
  control_type wanted_ = control_type::run_order;
  std::optional<run_order> order_;
  std::optional<run_plan> plan_;
  std::optional<finish> finish_;
  int interrupts_ = 0;
  bool left_ = false;   // interrupted before there was a run, or for the second time
  bool orphan_ = false; // who started this process is gone
  std::string lost_;    // why there is no coordinator any more
  std::string trouble_; // the first that was said
  std::optional<clock::time_point> deadline_;
  std::set<std::uint8_t> connected_; // processes that were reached, also before a link is wanted
  std::vector<caf::actor> peers_;    // to the neighbours, from joining on
  running_actors actors_;
  run_links links_;
};

} // namespace syngrad
