// Who is who in the trace of a simulated run, and what happens on its machines, as records.
#pragma once

#include "actors/message_tracer.hpp"
#include "actors/simulation/simulated_machines.hpp"
#include "actors/simulation/simulated_trace.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace syngrad {

struct traced_run {
  struct participant {
    trace_names::actor name;
    std::function<std::uint32_t()> version = {}; // of its weights; null: it has none
    std::function<bool()> waits_for_credit = {}; // when it has nothing to do; null: it never does
  };
  std::vector<participant> actors;       // of the machines, by number
  std::vector<trace_names::actor> links; // likewise: a trace has them as actors
  std::vector<int> ends;                 // of actors after those: the link that each belongs to; nobody: it is not told

  // The links come behind the actors.
  std::vector<trace_names::actor> names() const;
  // All three live until the machines have stopped.
  void watch(simulated_machines&, simulated_trace&) const;
  // An actor begins or ends to be there.
  void lives(simulated_trace&, int actor, double at, bool is_there) const;
};

// What groups tell of their updates, into `trace`, where there is one then. Of what is measured nothing is told: it
// means nothing.
std::shared_ptr<update_observer> trace_updates(const simulated_machines&, simulated_trace* const& trace);

} // namespace syngrad
