// A cluster that does not exist, as text:
//
//   cluster := node ("," node)*
//   node    := [count "x"] threads ["@" speed]     "3x2": three nodes of two threads; "1@0.5": one of half the speed
//
// what lies between two of its nodes: terms of --link without their place, "delay:10ms,rate:100MB/s"; and what it costs
// their processors:
//
//   cost    := "measured" | "tls" | "none" | ["message:" time] ["," "rate:" rate]     at either end
//
// When they fail, in seconds:
//
//   failure := node "@" second [":down:" seconds]                   without the end: for good
//   mtbf    := seconds [":down:" seconds]                           the mean between failures of a node; down for 60
#pragma once

#include "actors/emulated_network.hpp"
#include "actors/simulation/simulated_run.hpp"
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

struct described_link_cost {
  bool is_measured = false, is_secured = false; // on this machine, with TLS
  crossing_cost given;                          // where it is not
};
result<described_link_cost> parse_link_cost(const std::string&);

// Of nodes numbered from 0; several behind commas; empty: none.
result<std::vector<simulated_failure>> parse_failures(const std::string&);
struct described_mtbf {
  double mean_s = 0, down_s = 60; // mean 0: nothing fails
};
result<described_mtbf> parse_mtbf(const std::string&);

} // namespace syngrad::tools
