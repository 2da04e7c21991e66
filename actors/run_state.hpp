// What the coordinator tells the thread that waits for the run: how it ended, and a sign of life meanwhile.
//
// Threads: the coordinator writes, the waiting thread reads; standing_still is for any.
#pragma once

#include "actors/summary.hpp"

#include <atomic>
#include <future>

namespace syngrad {

struct run_state {
  std::promise<training_summary> outcome;  // set once
  std::atomic<std::uint64_t> heartbeat{0}; // grows with every batch or evaluation that is done
  std::atomic<int> standing_still{0};      // while somebody uses the weights, nothing is done, and that is no hang
};

} // namespace syngrad
