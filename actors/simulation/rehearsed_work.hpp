// What the passes of a run's groups take, by what its rehearsal told; and how fast this machine makes them.
#pragma once

#include "actors/settings.hpp"
#include "actors/simulation/simulated_run.hpp"
#include "actors/summary.hpp"
#include "actors/wire_choice.hpp"
#include "models/network.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <vector>

namespace syngrad {

// Forward passes, gradients of inputs and gradients of parameters are a third of a layer's multiply-adds each; what
// optimizers and predictors multiply is as `rehearsed` tells it of each group (planned_memory). Bytes are those of
// `wire`, of gradients with a rank that finds itself those of whole ones. The network fits the settings. Refuses what
// goes by what is learnt.
result<std::vector<group_work>> work_of_groups(const training_settings&, const network&,
                                               const std::vector<group_report>& rehearsed, const wire_choice& wire);

// Multiply-adds a second of one thread of this machine, with all that a step takes beside its products: the rate at
// which a simulation of just that takes as long as about a second of steps. `make`: the network, as often as it is
// asked for.
result<double> measure_thread_rate(const training_settings&, const std::vector<group_work>&,
                                   const std::function<result<network>()>& make);

} // namespace syngrad
