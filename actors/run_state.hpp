// What the coordinator tells the thread that waits for the run: how it ended, and a sign of life meanwhile.
//
// Threads: the coordinator writes, the waiting thread reads.
#pragma once

#include "actors/summary.hpp"

#include <atomic>
#include <future>

namespace syngrad {

struct run_state {
  std::promise<training_summary> outcome;  // set once
  std::atomic<std::uint64_t> heartbeat{0}; // grows with every batch or evaluation that is done
};

} // namespace syngrad
