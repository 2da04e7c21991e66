// Which group goes to which process of a run: as --place says, or by cost. Pure functions.
//
// By cost, every node gets consecutive groups, in the order of the nodes' numbers, so that the slowest is as fast as
// can be. A node's time for a sample is that of its groups' multiply-adds at its measured rate, or that of the bytes
// that it sends and gets at the measured rate of its connection, whichever is longer: links work while groups compute.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "runtime/result.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct placeable_node {
  std::uint8_t node = 0; // 0: the coordinator's process
  std::string name;
  std::vector<std::string> devices; // the first one gets what is placed by cost
  double flops = 1;                 // multiply-adds a second
  double bytes_per_second = 0;      // between it and the coordinator; 0: not known, and not counted
  double round_trip_s = 0;          // likewise
};

struct placeable_group {
  double multiply_adds = 0; // of a sample: forward, backward and predictor
  double bytes_below = 0;   // of a sample over the interface below it, both ways
};

result<std::vector<group_place>> place_by_hand(const std::string& places, std::size_t groups,
                                               const std::vector<placeable_node>&);
std::vector<group_place> place_by_cost(const std::vector<placeable_group>&, const std::vector<placeable_node>&);

// By hand where `places` says something, else by cost. Without being named, the coordinator (0) gets no group.
result<std::vector<group_place>> place_groups(const std::string& places, const std::vector<placeable_group>&,
                                              const std::vector<placeable_node>&);

// "node a: 112.3 GFLOP/s, 379.9 MB/s, 0.31 ms there and back"
std::string format_measures(const placeable_node&);

// "groups 0-1 on a (cpu), 2 on b (cuda:0)"
std::string format_places(const std::vector<group_place>&, const std::vector<placeable_node>&);

} // namespace syngrad::tools
