// A cluster that does not exist, as text:
//
//   cluster := node ("," node)*
//   node    := [count "x"] threads ["@" speed]     "3x2": three nodes of two threads; "1@0.5": one of half the speed
//
// and what lies between two of its nodes: terms of --link without their place, "delay:10ms,rate:100MB/s".
#pragma once

#include "actors/emulated_network.hpp"
#include "runtime/result.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct described_node {
  int threads = 1;
  double speed = 1; // of a thread, times that of one of this machine
};

inline constexpr int most_described_nodes = 1000;

result<std::vector<described_node>> parse_cluster(const std::string&);
// Empty: nothing lies between.
result<link_conditions> parse_between(const std::string&);

} // namespace syngrad::tools
