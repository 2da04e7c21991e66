// Which links a process of a run needs, by where the groups are: one for each actor of another process that some actor
// here sends to, and one for each actor here that somebody there sends to. Pure functions.
//
//  from                  to                       carries
//  source, group i       group i+1                activations, flush marks, which gradients it wants
//  group i+1             source, group i          gradients, credits
//  coordinator           group                    requests for reports
//  any actor of a node   coordinator              losses, reports, failures
//
// A link has the same number at both of its ends; no other between the same two processes has it.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// Somebody who sends or gets messages, whatever its process.
struct run_role {
  enum class kind : std::uint8_t { anybody, control, coordinator, source, group } what = kind::anybody;
  int group = 0;

  friend bool operator==(const run_role&, const run_role&) = default;
};
using role_kind = run_role::kind;
std::string name_of(const run_role&); // "group 3", "the coordinator"

struct link_route {
  run_role from, to;
  std::uint8_t other = 0; // the process at the other end
  bool outgoing = false;  // `to` is there, and `from` here

  std::uint32_t number() const;
  std::uint16_t interface() const; // between groups, that it crosses; else no_interface
  std::string title() const;       // "link group 1 -> group 2", "link node 2 -> the coordinator"
};

// `node_of`: the process of each group, bottom to top. Process 0 has source and coordinator.
std::vector<link_route> routes_of(std::uint8_t here, const std::vector<std::uint8_t>& node_of);

// The pair for control messages, at the coordinator's process (0, with `other` the node) or at the node.
link_route control_route(std::uint8_t here, std::uint8_t other, bool outgoing);

// The processes that `here` has links to, each once, in their order.
std::vector<std::uint8_t> neighbours_of(std::uint8_t here, const std::vector<std::uint8_t>& node_of);

} // namespace syngrad
