// A ring of trace records between one producer and one consumer, in memory that outlives the process.
//
// Threads: push() is the producer's, one thread; the rest is the consumer's, another one. Neither waits.
// Invariants: tail <= head <= tail + capacity; records [tail, head) are whole. A record is committed when `head` has
// passed it: the kernel keeps the mapped pages of a process that is killed, so a reader of the file finds it.
// A full ring drops the newest record and counts it.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <atomic>
#include <cassert>
#include <span>

namespace syngrad {

// On disk: one page, then the records.
struct trace_ring_header {
  alignas(64) std::atomic<std::uint64_t> head; // records ever pushed
  std::atomic<std::uint64_t> lost;             // records ever dropped
  std::atomic<std::uint64_t> claimed;          // 1: a thread pushes here
  alignas(64) std::atomic<std::uint64_t> tail; // records ever consumed
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
inline constexpr std::size_t trace_ring_header_bytes = 4096;
static_assert(sizeof(trace_ring_header) <= trace_ring_header_bytes);

class alignas(64) trace_ring {
public:
  // `capacity`: a power of two. The memory holds a header page and `capacity` records; zeroed where it is new.
  trace_ring(void* memory, std::uint64_t capacity)
    : header_(static_cast<trace_ring_header*>(memory)),
      records_(reinterpret_cast<trace_record*>(static_cast<char*>(memory) + trace_ring_header_bytes)),
      capacity_(capacity), head_(header_->head.load(std::memory_order_acquire)), seen_tail_(0) {
    assert(std::has_single_bit(capacity));
  }

  static constexpr std::size_t bytes(std::uint64_t capacity) {
    return trace_ring_header_bytes + capacity * sizeof(trace_record);
  }

  // ---- producer

  bool push(const trace_record& record) {
    if (head_ - seen_tail_ >= capacity_) [[unlikely]] {
      seen_tail_ = header_->tail.load(std::memory_order_acquire);
      if (head_ - seen_tail_ >= capacity_) {
        header_->lost.store(header_->lost.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return false;
      }
    }
    records_[head_ & (capacity_ - 1)] = record;
    header_->head.store(++head_, std::memory_order_release);
    return true;
  }

  // ---- consumer

  std::uint64_t capacity() const { return capacity_; }
  std::uint64_t head() const { return header_->head.load(std::memory_order_acquire); }
  std::uint64_t tail() const { return header_->tail.load(std::memory_order_acquire); }
  std::uint64_t lost() const { return header_->lost.load(std::memory_order_relaxed); }
  // The record of `sequence`, in [tail, head).
  const trace_record& at(std::uint64_t sequence) const { return records_[sequence & (capacity_ - 1)]; }
  void consume_until(std::uint64_t sequence) { header_->tail.store(sequence, std::memory_order_release); }

  // True for the one thread that gets the ring to itself.
  bool claim() {
    std::uint64_t none = 0;
    return header_->claimed.compare_exchange_strong(none, 1, std::memory_order_acq_rel);
  }

private:
  trace_ring_header* header_;
  trace_record* records_;
  std::uint64_t capacity_;
  std::uint64_t head_;      // the producer's own copy
  std::uint64_t seen_tail_; // a tail of some time ago
};

} // namespace syngrad
