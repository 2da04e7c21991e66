// How many batches have to be on their way so that groups on different nodes need not wait for each other's credits. A
// pure function of what was measured before the run.
//
// An interface with a round trip of T seconds passes `credits` batches every T seconds at most. So a run of r steps a
// second needs credits >= r * T + 1, where r is that of the slowest node or link. Between two nodes T is taken to be
// the longer of their round trips to the coordinator, which are what is measured.
#pragma once

#include "actors/distributed/node_placement.hpp"

#include <optional>
#include <string>

namespace syngrad::tools {

struct planned_flow {
  std::vector<placeable_group> groups; // bottom to top
  std::vector<group_place> places;     // likewise
  std::vector<placeable_node> nodes;   // all that have groups; 0, the coordinator, among them where it has
  std::int64_t batch = 1;              // rows
  int credits = 2;
};

struct flow_estimate {
  double steps_per_s = 0;  // where nothing waits for credits
  double round_trip_s = 0; // the longest of a link between groups, or between source and group 0
  double in_flight() const { return steps_per_s * round_trip_s + 1; }
};

// A group's part in a step, of so many multiply-adds, at best.
double step_time_s(double multiply_adds, double flops);

// A number of credits that lets so many batches be on their way, with room to spare.
int advised_credits(double in_flight);

flow_estimate estimate_flow(const planned_flow&);

// A line for the user; nothing where the credits do not limit the rate, or the links are as fast as within a machine.
std::optional<std::string> credit_advice(const planned_flow&);

} // namespace syngrad::tools
