// How long the lowest group waited for the run's data: the time in which a batch was wanted that was not read and
// prepared yet, while every credit of that group had come back, so that it had nothing to do either. The groups above
// it may have been busy meanwhile.
//
// Belongs to the source, on its thread. Times are of a steady clock, in ns.
#pragma once

#include "runtime/data/dataset.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace syngrad {

class data_wait {
public:
  // As many as are free now. The group grants all of its credits before the first batch.
  void credits(std::int64_t free) { most_ = std::max(most_, free); }
  // A batch is wanted that is not there. `free`: credits.
  void begin(std::int64_t free, std::int64_t now_ns) {
    if (free == most_) began_ns_ = now_ns;
  }
  bool is_waiting() const { return began_ns_ >= 0; }
  void end(std::int64_t now_ns) {
    if (is_waiting()) total_ns_ += now_ns - began_ns_;
    began_ns_ = -1;
  }
  std::int64_t total_ns() const { return total_ns_; }

private:
  std::int64_t most_ = 0, began_ns_ = -1, total_ns_ = 0;
};

// The advice to whom that takes long: "a faster disk ... takes less".
std::string what_makes_data_faster(const sample_set&, bool augmented);

} // namespace syngrad
