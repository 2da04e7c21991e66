// Asks every node of a run that makes no progress what its actors wait for.
//
//  to the node      from the node    when
//  tell_waits       waits_told       its main thread and its control links still work
//  tell_waits       nothing          it is frozen, out of reach, or all its threads are in handlers
//
// Threads: one at a time.
#pragma once

#include "actors/distributed/seated_nodes.hpp"

#include <optional>
#include <set>

namespace syngrad {

class hang_inquiry {
public:
  // Asks at once. `nodes` outlive it; answers to a `number` of before are late.
  hang_inquiry(seated_nodes& nodes, std::uint32_t number);

  void take(std::uint8_t node, const waits_told&);
  bool complete() const { return awaited_.empty(); }
  // Of the nodes that have answered, one that computes: "node b"; empty where there is none.
  std::string computing() const { return computing_; }

  // After `waited_s`: a section for each node, with its lines, or that it has not answered.
  std::vector<std::string> sections(double waited_s);

private:
  seated_nodes& nodes_;
  std::uint32_t number_;
  std::set<std::uint8_t> awaited_;
  std::map<std::uint8_t, std::vector<std::string>> answers_;
  std::string computing_;
};

} // namespace syngrad
