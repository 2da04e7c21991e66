// Whether the neighbour above a group is out of reach, and how many batches the group has trained alone meanwhile.
//
// Belongs to one group actor, on its thread.
#pragma once

#include <cstdint>

namespace syngrad {

class gap_above {
public:
  // `limit`: batches that may end at one gap; 0: the group waits.
  explicit gap_above(std::int64_t limit) : limit_(limit) {}

  void opens() {
    if (!open_) in_this_gap_ = 0;
    open_ = true;
  }
  void closes() { open_ = false; }

  bool may_train_alone() const { return open_ && in_this_gap_ < limit_; }
  void count() {
    ++in_this_gap_;
    ++alone_;
  }
  std::int64_t alone() const { return alone_; } // in all gaps

private:
  std::int64_t limit_, in_this_gap_ = 0, alone_ = 0;
  bool open_ = false;
};

} // namespace syngrad
