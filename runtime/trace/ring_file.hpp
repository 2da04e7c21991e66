// The rings that a process records into: one for each thread, in memory that is a file.
#pragma once

#include "runtime/io/file_descriptor.hpp"
#include "runtime/trace/trace_record.hpp"

#include <atomic>
#include <cassert>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

// A ring of trace records between one producer and one consumer, in memory that outlives the process.
//
// Threads: push() is the producer's, one thread; the rest is the consumer's, another one. Neither waits.
// Invariants: tail <= head <= tail + capacity; records [tail, head) are whole. A record is committed when `head` has
// passed it: the kernel keeps the mapped pages of a process that is killed, so a reader of the file finds it.
// A full ring drops the newest record and counts it.
//
// On disk: one page, which is the header, then the records.
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

// The file behind a process's rings: one ring for each thread, mapped into memory.
//
//   ring_file := header ring*        header: one page
//   header    := "SYNRING1" u32 rings, u32 node, u64 capacity of each (records), u64 run id, u32 crc32 of the above;
//                at byte 64: u64 records of threads for which there was no ring
//   ring      := trace_ring_header (a page) record*
//
// Disk space for all of it is taken when it is made. Owns the mapping; rings live as long as this object. Who may write
// holds a lock on the file (of the open file description, see fcntl(2)), which the kernel lets go with the process: so
// everyone can tell a run that goes on from one that was killed.
class ring_file {
public:
  struct layout {
    std::uint32_t rings = 0;
    std::uint32_t node = 0;
    std::uint64_t capacity = 0; // of each, records; a power of two from 256 up
    std::uint64_t run_id = 0;
  };
  static constexpr std::uint32_t most_rings = 1024;

  static result<ring_file> create(const std::string& path, const layout&);
  // An existing one: of a run that goes on (`writable` false: for reading only) or that was killed. Fails for writing
  // while another one may write.
  static result<ring_file> open(const std::string& path, bool writable);

  ring_file(ring_file&&) noexcept;
  ring_file& operator=(ring_file&&) = delete;
  ~ring_file();

  const layout& described() const { return layout_; }
  bool in_use() const { return in_use_; } // when it was opened for reading: by one who may write
  std::atomic<std::uint64_t>& unheard() { return *unheard_; }
  std::uint64_t unheard() const { return unheard_->load(std::memory_order_relaxed); }
  std::vector<trace_ring>& rings() { return rings_; }
  const std::vector<trace_ring>& rings() const { return rings_; }

private:
  ring_file(int number, void* memory, std::size_t bytes, const layout&, bool in_use);

  int number_; // of the open file, for its lock
  void* memory_;
  std::size_t bytes_;
  layout layout_;
  bool in_use_;
  std::atomic<std::uint64_t>* unheard_;
  std::vector<trace_ring> rings_;
};

// What one ring holds, copied while its producer and its consumer may go on.
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
