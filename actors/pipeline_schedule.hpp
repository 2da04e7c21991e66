// In which order a group goes forward and back with the micro-batches of a batch, where all of them make one update.
//
// gpipe: back when it has gone forward with all of them; it has all of them at once.
//
// 1f1b: back after as many forward passes as there are groups above it, then after each one more; it has as many at
// once, at most, as there are groups from it up.
//
// interleaved:V, for groups w, w + W, w + 2W, ... of each of W workers: in the order of Narayanan et al. (arXiv
// 2104.04473), which says how many that is.
//
// zero-bubble: as 1f1b for the gradient of its input alone; those of its parameters when it has nothing else to do
// (ZB-H1 of Qi et al., arXiv 2401.10241). A micro-batch is there until all of it is made: as many at once, at most, as
// there are groups.
//
// zero-bubble:h2: the same after twice as many forward passes (ZB-H2); twice as many at once, less one.
//
// Plain numbers: which micro-batches there are, nobody asks here. Any thread.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

struct pipeline_schedule {
  enum class kind : std::uint8_t { gpipe, one_forward_one_backward, interleaved, zero_bubble };

  kind order = kind::one_forward_one_backward;
  int chunks = 1;               // interleaved: groups of a worker
  int forward_passes_ahead = 1; // zero-bubble: times as many as of 1f1b

  bool splits_backward() const { return order == kind::zero_bubble; }
  bool operator==(const pipeline_schedule&) const = default;

  static result<pipeline_schedule> parse(const std::string&);
  std::string text() const;
};

inline constexpr int most_chunks = 1 << 10;

// Who does the work of group `index` of `count`: of as many workers as there are groups, divided by the chunks.
inline int worker_of(const pipeline_schedule& schedule, int index, int count) {
  return index % (count / schedule.chunks);
}

// Of one group, for batches of `micro_batches`.
class stage_order {
public:
  // Of group `index` of `count`, which the schedule's chunks divide.
  stage_order(const pipeline_schedule& schedule, int index, int count, std::int64_t micro_batches)
    : schedule_(schedule), index_(index), count_(count), micro_batches_(micro_batches) {}

  // With how many micro-batches of the batch, the first ones, the group has gone back before it goes forward with the
  // one after `micro_batch`; after the last, with all.
  std::int64_t backward_by(std::int64_t micro_batch) const;
  // Micro-batches from the forward pass until all is done with them, at once.
  std::int64_t most_in_flight() const;

private:
  std::int64_t interleaved_by(std::int64_t forward_passes) const;

  pipeline_schedule schedule_;
  std::int64_t index_, count_, micro_batches_;
};

} // namespace syngrad
