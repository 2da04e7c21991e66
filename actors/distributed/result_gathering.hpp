// At the end of a run: the weights and traces that its nodes have, as they come, and how long each is waited for.
//
//  what happens                                         then
//  weights_part, trace_part                             kept, or passed on
//  more of either than the node can have, or what can't
//  be read                                              the node is closed, and said so; what came before is kept
//  done                                                 the node is done
//  the node is dead                                     not waited for any more
//  not a byte of it for `patience_s`                    likewise
//  the run is interrupted, and the connection lost      the node is not waited for any more
//  the run's second interrupt                           no node is waited for any more
//  two seconds have passed, and then each five          says what has come of each
//
// Threads: one at a time.
#pragma once

#include "actors/distributed/seated_nodes.hpp"
#include "models/layer_group.hpp"

#include <chrono>
#include <functional>
#include <set>

namespace syngrad {

class result_gathering {
public:
  using clock = std::chrono::steady_clock;
  struct setup {
    seated_nodes* nodes = nullptr;
    device* host = nullptr; // where the weights arrive
    std::vector<group_place> places;
    std::vector<std::uint64_t> weight_bytes; // of each group; empty: none are wanted
    std::uint64_t trace_bytes = 0;           // that a node may send; 0: no trace is wanted
    double patience_s = 70;
    std::function<void(const std::string& node, const trace_part&)> on_trace;
    std::function<void(const std::string&)> notice; // a line for the user
  };

  // Once `finish` was said to all. `interrupts`: of the run so far.
  result_gathering(setup, int interrupts, clock::time_point now);

  void take(const run_event&, clock::time_point now);
  bool over() const { return awaited_.empty(); }

  // When it is over.
  std::vector<layer_group::named_tensor> weights() { return std::move(weights_); }
  std::vector<held_memory> memory() { return std::move(memory_); } // as the nodes said when they were done
  bool has_all_of(std::uint8_t node) const;
  // "not saved here: the weights of group 1 (node b: it was silent for 70 s)"; empty: all that was wanted is there.
  std::string missing() const;

private:
  struct account {
    std::uint64_t weights_wanted = 0, weights = 0, trace = 0; // bytes
    std::uint64_t received_before = 0, received = 0;          // over the control link
    clock::time_point heard;
    bool done = false;
    std::string why_missing;
  };

  void take(const node_said&, clock::time_point now);
  void take(seated_nodes::member&, account&, const weights_part&);
  void take(seated_nodes::member&, account&, const trace_part&);
  void take(seated_nodes::member&, account&, const done&);
  void take(const peer_dead&);
  void take_interrupt();
  void give_up_what_is_interrupted();
  void look_for_silence(clock::time_point now);
  void say_progress(clock::time_point now);
  void close(seated_nodes::member&, const std::string& why);
  void give_up(std::uint8_t node, const std::string& why);

  setup setup_;
  int interrupts_;
  clock::time_point next_word_;
  clock::time_point looked_;                 // for silence
  std::map<std::uint8_t, account> accounts_; // of the nodes that lived at the start
  std::set<std::uint8_t> awaited_;
  std::vector<layer_group::named_tensor> weights_;
  std::vector<held_memory> memory_;
};

} // namespace syngrad
