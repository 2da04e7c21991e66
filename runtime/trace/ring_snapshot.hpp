// What one ring holds, copied while its producer and its consumer may go on.
#pragma once

#include "runtime/trace/trace_ring.hpp"

#include <vector>

namespace syngrad {

struct ring_snapshot {
  std::uint64_t first = 0; // number of the first of these records
  std::uint64_t lost = 0;
  std::vector<trace_record> records;
  // False where head and tail contradict each other or a record is none: then only what is before that is given. Rings
  // have no sums, so a record that was changed into another possible one is not noticed.
  bool sound = true;
};

// Every record that is not given was either consumed when this returns, or committed later than it began.
ring_snapshot snapshot_of(const trace_ring&);

} // namespace syngrad
