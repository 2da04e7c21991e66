// A training that is ready to run, in one process or in many.
//
// Threads: run() blocks its caller until the run has ended; interrupt() and checkpoint_now() may be called from any
// thread, and so may with_weights_now(), by one at a time.
#pragma once

#include "actors/summary.hpp"
#include "models/layer_group.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <span>
#include <vector>

namespace syngrad {

// What is done with weights that the host can read; they are valid as long as it lasts.
using weights_use = std::function<status(std::span<const layer_group::named_tensor>)>;

class trainer {
public:
  virtual ~trainer() = default;

  virtual training_summary run() = 0; // once
  // Ends the run after the batches in flight, as if it had reached its last step. Safe to call at any time, and twice.
  virtual void interrupt() = 0;
  // Has the state of the run saved between the next two batches, for training_observer::on_checkpoint; once where it is
  // asked twice before. Any thread, while run() lasts; before it, before the first batch.
  virtual void checkpoint_now() = 0;
  // The weights, after run(): valid also where it failed or was interrupted.
  virtual std::vector<layer_group::named_tensor> weights() = 0;
  // Calls `use` with all weights as they are now, from before run() until weights(): training stands still between two
  // messages meanwhile, and goes on when it returns. Fails where some cannot be had, and where `use` does.
  virtual status with_weights_now(const weights_use& use) = 0;
};

} // namespace syngrad
