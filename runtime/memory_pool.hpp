// The memory of one device: buffers that are counted, and the pool that keeps them for reuse. Once a run is warm,
// nothing is allocated.
//
// Invariant: memory is handed out again only together with what tells that every stream that used it is past it, and
// its next user waits for that. So a late device never overwrites what is still being read. Where one stream alone used
// it, which is the rule, the order of that stream tells: no event is recorded unless another stream gets the memory.
//
// A part of a pool is a pool whose memory is kept together for one purpose: recorded work writes to the same addresses
// each time it is replayed. The parent owns it.
//
// Threads: all members may be called by any thread.
#pragma once

#include "runtime/stream.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace syngrad {

class memory_pool;

// Device memory that returns to its pool when the last reference goes.
class buffer {
public:
  buffer(memory_pool& pool, void* data, std::size_t bytes) : pool_(pool), data_(data), bytes_(bytes) {}

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  memory_pool& pool() const { return pool_; }
  // Notes that work on `user` reads or writes this memory. Any thread.
  void used_by(stream& user);

private:
  friend class memory_pool;
  friend class buffer_ref;

  memory_pool& pool_;
  void* data_;
  std::size_t bytes_;
  std::atomic<int> references_{0};
  std::mutex users_mutex_;
  std::vector<stream*> users_; // keeps its capacity from life to life
  // Of the previous life; owned by the pool while the buffer is free.
  std::vector<event> pending_;
  stream* only_user_ = nullptr;
  bool returned_ = false; // it has been in the pool: not one that is held for as long as the run
  bool for_parts_ = false;
};

// A counted reference to a buffer. Copies may be made and dropped on any thread.
class buffer_ref {
public:
  buffer_ref() = default;
  explicit buffer_ref(buffer* target) : target_(target) { retain(); }
  buffer_ref(const buffer_ref& other) : target_(other.target_) { retain(); }
  buffer_ref(buffer_ref&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
  buffer_ref& operator=(buffer_ref other) noexcept {
    std::swap(target_, other.target_);
    return *this;
  }
  ~buffer_ref() { release(); }

  explicit operator bool() const { return target_ != nullptr; }
  buffer* operator->() const { return target_; }
  buffer* get() const { return target_; }

private:
  void retain() {
    if (target_) target_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release();

  buffer* target_ = nullptr;
};

// Thrown where a memory source has no more to give. Says where, how much was asked for and what is free; the boundary
// of the actor adds who asked.
class out_of_memory : public std::bad_alloc {
public:
  explicit out_of_memory(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

private:
  std::string text_;
};

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
  std::uint64_t bytes_in_use = 0;
  std::uint64_t most_bytes_in_use = 0; // at once, since the beginning or forget_most()
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
  void forget_most(); // that was in use: it counts from here on again
  bool asynchronous() const { return asynchronous_; }

  // A part for work on `owner`, empty at first: what it is asked for it takes from this pool's source and keeps.
  memory_pool& make_part(stream& owner);
  // Gives the memory of a part back, or parks it here where some of it is still in use. Not with work on it to come.
  void drop_part(memory_pool& part) noexcept;
  // The pool that owns this part, or this one.
  const memory_pool& root() const { return parent_ ? *parent_ : *this; }

  // The next two are for the one user of a part.
  // Where all memory has come back: makes `user` wait for everyone who used it, and puts it in order, so that the same
  // requests are answered with the same memory as when the part was new. False, and nothing done, elsewhere.
  bool settle(stream& user);
  // This very memory, for work on `user`, after settle() has put it in order.
  buffer_ref hand_out(buffer& wanted, stream& user);

private:
  friend class buffer_ref;
  memory_pool(memory_pool& parent, stream& owner);
  void release(buffer& returned) noexcept;
  void note_in_use(std::size_t bytes);
  static bool note_users(buffer& returned) noexcept;
  // By size class.
  using free_buffers = std::map<std::size_t, std::vector<buffer*>>;
  friend class borrowed_memory;

  buffer_ref acquire_from(free_buffers& free, stream& user, std::size_t bytes);
  buffer* take_free(const stream& user, std::vector<buffer*>& candidates); // with the mutex held
  buffer* make(free_buffers& free, std::size_t size);                      // likewise

  std::unique_ptr<memory_source> source_;
  bool asynchronous_;
  memory_pool* parent_ = nullptr; // of a part
  stream* owner_ = nullptr;       // likewise
  mutable std::mutex mutex_;
  free_buffers free_;
  // What parts have given back, for parts to come. Apart from the rest: if parts took memory that goes round, a run's
  // addresses would change with each part, and what is recorded for an address would wait for it in vain.
  free_buffers free_for_parts_;
  std::vector<std::unique_ptr<buffer>> all_;
  memory_counters counters_;
  std::mutex parts_mutex_;                          // one of its own: a part that goes gives its memory back
  std::vector<std::unique_ptr<memory_pool>> parts_; // last: what they keep comes back to the rest
};

} // namespace syngrad
