// Whether nodes whose groups are neighbours can reach each other, as far as their addresses tell: a node that joined by
// a loopback address is found there on its own machine only.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace syngrad::tools {

// `is_loopback`: whether a host stands for addresses that do not leave their machine. `is_here`: whether it is an
// address of the coordinator's machine, where all nodes with a loopback address are. The message names both nodes and
// what to start the one with. A connection may be asked about from either end: who waits for a lost one looks whether
// the other's port is still there.
status check_reach(const std::vector<run_member>& nodes, const std::vector<group_place>&,
                   const std::function<bool(const std::string& host)>& is_loopback,
                   const std::function<bool(const std::string& host)>& is_here);

} // namespace syngrad::tools
