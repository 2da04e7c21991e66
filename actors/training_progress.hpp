// How far a run has come, in batches and in time: its loss of late, its rate, what was skipped. Time of training is
// from the first batch to the last one, without the evaluations between.
//
// Belongs to the coordinator, on its thread. Times are of a steady clock, in ns.
#pragma once

#include "actors/summary.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

namespace syngrad {

class state_archive;

class training_progress {
public:
  void begin(std::int64_t now_ns) {
    began_ns_ = now_ns - before_ns_;
    segment_ns_ = last_done_ns_ = now_ns;
  }
  // To be saved, or loaded before it begins: counts, losses and times so far.
  void keep(state_archive&, std::int64_t now_ns);

  // A batch has reached the loss. One without a target has none: `loss` is not_measured then, and does not count.
  void batch_done(double loss, std::int64_t now_ns);
  void batch_alone() { ++alone_; } // it has ended at a gap in the network
  void batch_skipped(std::uint64_t batch, const std::string& why);

  std::int64_t done() const { return done_; }
  std::int64_t all() const { return done_ + alone_; }
  std::int64_t skipped() const { return static_cast<std::int64_t>(skipped_.size()); }
  std::int64_t skipped_at_the_end() const;                            // batches in a row, up to the last one
  const std::string& first_skipped() const { return first_skipped_; } // why

  double recent_loss() const { return recent_loss_; } // exponential mean
  double interval_loss() const;                       // mean since the last end_interval()
  void end_interval();

  // Training rests, after the last batch that was done; what follows until resume() is no time of training.
  void rest(std::int64_t now_ns);
  void resume(std::int64_t now_ns) { segment_ns_ = last_done_ns_ = now_ns; }
  std::int64_t trained_ns() const { return trained_ns_; } // until the last rest()
  double trained_s() const {                              // until the last batch
    return static_cast<double>(trained_ns_ + std::max<std::int64_t>(0, last_done_ns_ - segment_ns_)) * 1e-9;
  }
  double wall_s(std::int64_t now_ns) const { return static_cast<double>(now_ns - began_ns_) * 1e-9; }
  double steps_per_s(bool rests) const;

private:
  std::int64_t done_ = 0, alone_ = 0;
  std::int64_t before_ns_ = 0; // of the run that this one goes on from
  std::int64_t began_ns_ = 0, segment_ns_ = 0, last_done_ns_ = 0, trained_ns_ = 0;
  double recent_loss_ = not_measured;
  double interval_loss_ = 0; // sum
  std::int64_t interval_batches_ = 0;
  std::set<std::uint64_t> skipped_;
  std::string first_skipped_;
};

} // namespace syngrad
