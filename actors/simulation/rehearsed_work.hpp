// What the passes of a run's groups take, found by making a few of its steps.
#pragma once

#include "actors/settings.hpp"
#include "actors/simulation/simulated_run.hpp"
#include "models/network.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <vector>

namespace syngrad {

struct rehearsed_work {
  std::vector<group_work> groups;
  // Of one thread of this machine, with all that a step takes beside its products; 0: it was not measured.
  double multiply_adds_per_s = 0;
};

// Forward passes, gradients of inputs and gradients of parameters are a third of a layer's multiply-adds each; what
// optimizers and predictors multiply is counted. `make`: the network, as often as it is asked for; it fits the
// settings. With `measures` the steps are made by one thread of this machine, about a second of them, and the rate is
// that at which a simulation of just that takes as long; else on a device that does nothing.
result<rehearsed_work> rehearse_work(const training_settings&, const std::function<result<network>()>& make,
                                     bool measures);

} // namespace syngrad
