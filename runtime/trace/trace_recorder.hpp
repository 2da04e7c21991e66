// Records what happens in this process: each thread pushes into a ring of its own, and a thread of this object drains
// the rings to disk. What was recorded is safe from then on, whatever becomes of the process.
//
// Threads: record(), on() and keeps() from any; the rest from the thread that made this object.
#pragma once

#include "runtime/trace/ring_file.hpp"
#include "runtime/trace/trace_file.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace syngrad {

struct trace_settings {
  std::string folder; // exists
  std::uint8_t node = 0;
  std::uint32_t sample = 1; // whole batches, one in so many; chosen by a hash, so that every node keeps the same ones
  std::uint64_t limit_bytes = std::uint64_t{256} << 20;
  bool flight = false;              // keep the last `limit_bytes` instead of the first
  std::uint32_t rings = 16;         // threads that may record
  std::uint64_t capacity = 1 << 15; // records of a ring
  std::uint64_t run_id = 0;         // the same on all nodes of a run
};

class trace_recorder {
public:
  // Takes the disk space of the rings now: a full disk is an error here.
  static result<std::unique_ptr<trace_recorder>> create(const trace_settings&, trace_names);
  ~trace_recorder(); // without close(): as if the process had been killed

  trace_recorder(const trace_recorder&) = delete;
  trace_recorder& operator=(const trace_recorder&) = delete;

  std::uint8_t node() const { return settings_.node; }
  std::uint64_t run_id() const { return settings_.run_id; }
  std::uint64_t limit_bytes() const { return settings_.limit_bytes; }

  // Whether anything is recorded at the moment; costs one relaxed load.
  bool on() const { return on_.load(std::memory_order_relaxed); }
  void switch_on(bool on) { on_.store(on, std::memory_order_relaxed); }
  // Whether a batch belongs to the sample; what belongs to no batch always does.
  bool keeps(std::uint32_t batch) const {
    return settings_.sample == 1 || batch == no_trace_batch || hash(batch) % settings_.sample == 0;
  }

  void record(const trace_record& fact) {
    if (auto* ring = ring_of_this_thread()) ring->push(fact);
  }

  // A ring for records that come from one producer at a time, whatever its thread; null where none is left. It lasts as
  // long as the recorder.
  trace_ring* open_ring(const std::string& name);

  void name_actor(std::uint32_t id, trace_names::actor);
  void add_fact(const std::string& key, const std::string& value);

  // Waits until everything that was recorded before is on disk (or counted as lost).
  void flush();
  // Drains, writes the end mark and removes the rings. Reports the first failure to write, if there was one.
  status close();

  std::uint64_t records() const; // ever, without the lost ones
  std::uint64_t lost() const;
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); } // on disk

private:
  trace_recorder(const trace_settings&, trace_names, ring_file, trace_writer);

  static std::uint32_t hash(std::uint32_t batch) {
    batch ^= batch >> 16;
    batch *= 0x7feb352du;
    batch ^= batch >> 15;
    batch *= 0x846ca68bu;
    return batch ^ batch >> 16;
  }

  trace_ring* ring_of_this_thread() {
    if (cached_.owner == serial_) [[likely]]
      return cached_.ring;
    return claim_ring();
  }
  trace_ring* claim_ring();

  void run();
  bool drain(bool everything); // true where a ring has more that is worth a chunk
  bool drain_ring(std::uint16_t number, std::uint64_t least);
  void write(const trace_names&);
  void add_last_words();

  // Which ring the thread has, in which recorder. A recorder's serial number is never used again.
  struct thread_cache {
    std::uint64_t owner = 0;
    trace_ring* ring = nullptr;
  };
  // Constant at the start: then it is reached without a call, and the undefined-behaviour sanitizer understands it.
  static constinit thread_local thread_cache cached_;

  trace_settings settings_;
  std::uint64_t serial_;
  std::atomic<bool> on_{true};
  ring_file rings_;
  trace_writer writer_; // the draining thread's
  std::vector<trace_record> batch_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0}; // records that were not written: the limit, or the disk

  std::mutex mutex_; // of the rest
  std::condition_variable changed_;
  trace_names names_;
  bool names_changed_ = false;
  std::uint64_t flush_wanted_ = 0, flush_done_ = 0;
  bool stopping_ = false;
  status failure_ = ok();
  std::thread thread_;
};

} // namespace syngrad
