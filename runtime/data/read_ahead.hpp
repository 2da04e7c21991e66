// Makes the batches of an order on a thread of its own before they are asked for: what does not lie in memory is read,
// and what is augmented prepared, while the network computes. The batches are those that would be made when asked for.
//
// next() is called by one thread at a time; `on_ready` is called from the thread that reads, and not after the
// destructor has returned.
#pragma once

#include "runtime/data/batch_order.hpp"
#include "runtime/data/host_batch.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace syngrad {

class read_ahead {
public:
  static constexpr std::size_t depth = 4; // batches that are made, or being made, at a time

  // `first`: the number of the first batch.
  read_ahead(batch_order, host_batch_maker, std::function<void()> on_ready, std::uint64_t first = 0);
  ~read_ahead();
  read_ahead(const read_ahead&) = delete;
  read_ahead& operator=(const read_ahead&) = delete;

  // The next batch, valid until the next call; null: it is not made yet, and on_ready will be called when it is, once.
  // Throws what making it threw.
  const host_batch* next();

private:
  void work();
  bool has_room() const { return made_ - taken_ + (holds_ ? 1 : 0) < depth; } // under mutex_

  batch_order order_;
  host_batch_maker maker_;
  std::function<void()> on_ready_;
  std::uint64_t first_;
  std::array<host_batch, depth> batches_; // that was made as the i-th in place i % depth

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t made_ = 0, taken_ = 0; // batches
  bool holds_ = false;                 // the caller has the one taken last
  bool wanted_ = false;                // on_ready is due
  bool ends_ = false;
  std::exception_ptr failure_; // of the batch after those made

  std::thread thread_; // last: starts when all else is there
};

} // namespace syngrad
