// Waits for a run to end, and says who waits for whom when it stops making progress.
#pragma once

#include "actors/assembly.hpp"
#include "actors/hang_watch.hpp"

namespace syngrad {

// Blocks until the coordinator has set the outcome. Without a sign of life for `hang_after_s`, as hang_watch counts it
// (0: never given up), every actor is asked what it waits for, the answers go to the observer, and the outcome is
// run_end::hung.
training_summary wait_for_outcome(const running_actors&, double hang_after_s, const training_observer&);

std::string no_progress_line(hang_watch::seconds limit);

// What each actor waits for, a line each; one that does not answer within `patience`, which all share, is stuck in a
// handler.
std::vector<std::string> who_waits_for_whom(const std::vector<caf::actor>&, std::chrono::milliseconds patience);

} // namespace syngrad
