// Keeps the memory of one device for reuse: once a run is warm, nothing is allocated.
//
// Threads: all members may be called by any thread.
#pragma once

#include "runtime/buffer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace syngrad {

// Where a pool gets its memory from: one implementation per kind of device.
class memory_source {
public:
  virtual ~memory_source() = default;
  virtual void* allocate(std::size_t bytes) = 0; // throws std::bad_alloc
  virtual void deallocate(void* memory) noexcept = 0;
};

struct memory_counters {
  std::uint64_t allocations = 0; // times that the source was asked: constant once warm
  std::uint64_t bytes = 0;       // held from the source
  std::uint64_t in_use = 0;      // buffers handed out and not yet returned
};

class memory_pool {
public:
  // `asynchronous`: work on buffers may be pending when they are released, so their users are recorded.
  memory_pool(std::unique_ptr<memory_source> source, bool asynchronous);
  ~memory_pool();
  memory_pool(const memory_pool&) = delete;
  memory_pool& operator=(const memory_pool&) = delete;

  // Memory of at least `bytes`, 64-byte aligned, contents undefined, for work on `user`.
  buffer_ref acquire(stream& user, std::size_t bytes);
  // Takes as many buffers again as have come and gone of each size, so that an order of events that has not come
  // yet finds its memory there. Where the source has less, what it has.
  void add_headroom();
  memory_counters counters() const;
  bool asynchronous() const { return asynchronous_; }

private:
  friend class buffer_ref;
  void release(buffer& returned) noexcept;
  static bool note_users(buffer& returned) noexcept;
  buffer* take_free(const stream& user, std::vector<buffer*>& candidates); // with the mutex held
  buffer* make(std::size_t size);                                          // likewise

  std::unique_ptr<memory_source> source_;
  bool asynchronous_;
  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<buffer*>> free_; // by size class
  std::vector<std::unique_ptr<buffer>> all_;
  memory_counters counters_;
};

} // namespace syngrad
