// A training that is ready to run, in one process or in many.
//
// Threads: run() blocks its caller until the run has ended; interrupt() may be called from any thread.
#pragma once

#include "actors/summary.hpp"
#include "models/layer_group.hpp"

#include <vector>

namespace syngrad {

class trainer {
public:
  virtual ~trainer() = default;

  virtual training_summary run() = 0; // once
  // Ends the run after the batches in flight, as if it had reached its last step. Safe to call at any time, and twice.
  virtual void interrupt() = 0;
  // The weights, after run(): valid also where it failed or was interrupted.
  virtual std::vector<layer_group::named_tensor> weights() = 0;
};

} // namespace syngrad
