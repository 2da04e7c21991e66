// Goes on from a run that was saved: brings what was saved into a plan, before any actor exists.
//
// Where the run is the same (groups, network, policy, predictors: its signature), each group begins as it was, with the
// batches that were in flight and its predictor. Where the layers are grouped in another way, or the policy is another,
// the layers take what they had by their numbers: weights, running statistics, what the optimizer keeps. Predictors
// whose interface is still there go on; batches in flight are dropped, so that their last updates are not made. All of
// that is told through the observer's on_notice.
#pragma once

#include "actors/run_plan.hpp"
#include "models/saved_state.hpp"

#include <memory>
#include <string>

namespace syngrad {

// Two runs of one signature have states of one form.
std::string signature_of(const training_settings&, const network&);

// The part of that name; null: there is none.
const saved_part* find_part(const saved_run&, const std::string& name);

// Fails where the state is of another network, optimizer, data or batch size, where a part is missing or has another
// shape, and where the run has ended by then. Nothing has been started, but the plan is of no use after that.
status restore_run(run_plan&, std::shared_ptr<const saved_run>);

} // namespace syngrad
