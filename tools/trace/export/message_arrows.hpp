// The messages that an arrow can be drawn for: from the send to the handling, by way of whoever handles it in between
// (a link, where it crosses from one node to another).
//
// Where the handling comes before the send there is no arrow, and it is counted: times of several nodes are only as
// exact as their clocks are known to agree. Memory: 32 bytes a message while it is made, 24 afterwards. Const members
// from any thread.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <vector>

namespace syngrad::tools {

enum class arrow_part { none, begin, step, end };

class message_arrows {
public:
  message_arrows(const trace_run& run, const trace_filter& filter);

  // Of the record with that number, from 0, among those that pass the filter.
  arrow_part part_of(const trace_record&, std::uint64_t number) const;
  // Messages that were handled before they were sent.
  std::uint64_t backwards() const { return backwards_; }

private:
  struct arrow {
    std::uint64_t message = 0, begin = 0, end = 0; // numbers of records
  };

  std::vector<arrow> arrows_; // by message
  std::uint64_t backwards_ = 0;
};

} // namespace syngrad::tools
