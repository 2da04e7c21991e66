// A source, two groups, two threads and two batches, with times chosen by hand. In microseconds since the begin:
//
//  thread 0   source: train 0-100 | group 0: A1 100-300, A2 300-500, G1 500-600 | source: C1 600-640 |
//             group 0: G2 900-1000
//  thread 1   group 1: B1 300-400, B2 500-800
//  sends      source: A1 40, A2 90; group 0: B1 250, B2 450, C1 550; group 1: G1 350, G2 750
//
// A and B: activations of batches 1 and 2; G: gradients; C: a credit. Group 1 updates at 380, in B1.
#pragma once

#include "tests/support/trace_builder.hpp"
#include "tools/trace/trace_command.hpp"

#include <string>

namespace syngrad::test {

inline constexpr std::int64_t pipeline_begin_ns = 1'000'000;

struct pipeline_trace {
  trace_builder builder;
  std::uint32_t source = builder.actor(2, actor_role::source, 0, "source");
  std::uint32_t group_0 = builder.actor(10, actor_role::group, 0, "group 0");
  std::uint32_t group_1 = builder.actor(11, actor_role::group, 1, "group 1");
  std::uint64_t a1 = 0, a2 = 0, b1 = 0, b2 = 0, g1 = 0, g2 = 0, c1 = 0;

  explicit pipeline_trace(std::uint32_t sample = 1);
  static std::int64_t at(std::int64_t us) { return pipeline_begin_ns + us * 1000; }
};

// The answer of a command about the trace in `folder`; a failure to open it is an exception.
tools::trace_request request_for(const std::string& folder, std::vector<std::string> words = {});
std::string text_of(const tools::cell&); // as csv has it
// The cell of `column` in the row whose first cell is `row`.
std::string cell_of(const tools::answer_table&, const std::string& row, const std::string& column);

} // namespace syngrad::test
