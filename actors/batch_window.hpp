// The batches that are in flight in a group: begun, and not yet settled.
//
// Invariants:
//   1. Records stand in the order in which their batches began, and that is the order of their numbers.
//   2. No record is made, and no memory of a device taken, after prepare(): a settled batch leaves its record, with its
//      memory, to a later one.
//   3. A record stays where it is until it is recycled.
//
// Threads: those of its owner, one at a time. `work` is the stream of all that is enqueued for its records.
#pragma once

#include "actors/batch_record.hpp"
#include "runtime/stream.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace syngrad {

class state_archive;

class batch_window {
public:
  explicit batch_window(stream& work) : work_(work) {}

  // Room for `capacity` batches, each with the measures of `layers` layers. Once, before the first batch.
  void prepare(std::int64_t capacity, int layers);

  // A record for `batch`, which is later than all in flight; its measures are zero. Not beyond the capacity.
  batch_record& begin(std::uint64_t batch);
  batch_record* find(std::uint64_t batch);   // null: it is not in flight
  void recycle(batch_record&);               // of a batch that needs nothing more
  void copy_measures(const batch_record&);   // to where the host reads them, when all of them are enqueued
  void release_tensors(batch_record&) const; // whose readers are enqueued: their memory may be used again after them

  // All batches in flight, to be saved and loaded: into an empty window. Those that are finished are left out.
  void keep(state_archive&);
  static void keep_early(state_archive&, std::optional<batch_record::early_gradient>&);
  static void keep_early_audit(state_archive&, std::optional<tensor>&);

  bool is_empty() const { return in_flight_.empty(); }
  std::int64_t size() const { return static_cast<std::int64_t>(in_flight_.size()); }
  std::uint64_t last() const { return in_flight_.back()->batch; } // of one that is not empty
  const std::deque<std::unique_ptr<batch_record>>& in_flight() const { return in_flight_; }

  // Hands `deliver` the records whose gradient came before its turn, oldest first, up to batch `last`: in order, so not
  // beyond one that still waits for its gradient (one that has been put off has had it). `deliver` recycles none.
  template <class Deliver>
  void deliver_through(std::uint64_t last, Deliver deliver) {
    for (std::size_t i = 0; i < in_flight_.size() && in_flight_[i]->batch <= last; ++i) {
      auto& record = *in_flight_[i];
      if (record.finished || record.put_off) continue;
      if (!record.early) return;
      deliver(record);
    }
  }

private:
  static void keep(state_archive&, batch_record&);

  stream& work_;
  std::deque<std::unique_ptr<batch_record>> in_flight_;
  std::vector<std::unique_ptr<batch_record>> spare_;
};

} // namespace syngrad
