// Which group goes to which process of a run, by cost, and whether neighbours reach each other then. Pure functions.
//
// By cost, every node gets consecutive groups, in the order of the nodes' numbers, so that the slowest is as fast as
// can be. A node's time for a sample is that of its groups' multiply-adds at its measured rate, or that of the bytes
// that it sends and gets at the measured rate of its connection, whichever is longer: links work while groups compute.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace syngrad {

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

//
// `chunks`, which divides the groups: those of a worker, W workers having the groups w, w + W, ... (pipeline_schedule).
// Then every node gets consecutive workers.
std::vector<group_place> place_by_cost(const std::vector<placeable_group>&, const std::vector<placeable_node>&,
                                       int chunks = 1);

// "node a: 112.3 GFLOP/s, 379.9 MB/s, 0.31 ms there and back"
std::string format_measures(const placeable_node&);

// "groups 0-1 on a (cpu), 2 on b (cuda:0)"
std::string format_places(const std::vector<group_place>&, const std::vector<placeable_node>&);

// Whether nodes whose groups are neighbours can reach each other, as far as their addresses tell: a node that joined by
// a loopback address is found there on its own machine only.
//
// `is_loopback`: whether a host stands for addresses that do not leave their machine. `is_here`: whether it is an
// address of the coordinator's machine, where all nodes with a loopback address are. The message names both nodes and
// what to start the one with. A connection may be asked about from either end: who waits for a lost one looks whether
// the other's port is still there.
status check_reach(const std::vector<run_member>& nodes, const std::vector<group_place>&,
                   const std::function<bool(const std::string& host)>& is_loopback,
                   const std::function<bool(const std::string& host)>& is_here);

} // namespace syngrad
