// What the plan of a run gives each of its groups and predictors.
#pragma once

#include "actors/group_parts.hpp"
#include "actors/predictor_turn.hpp"
#include "actors/run_plan.hpp"

namespace syngrad {

// Whether the group, or the source, at this end of an edge reads host memory only. So does a link to another process.
bool reads_host_only(const run_plan&, int end);

group_setup setup_of_group(const run_plan&, int index, const run_edges&);
// Of the predictor over an edge, which the group below it has.
predictor_setup setup_of_predictor(const run_plan&, const run_edge&);

} // namespace syngrad
