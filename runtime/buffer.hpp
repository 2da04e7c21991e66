// Device memory that returns to its pool when the last reference goes.
//
// Invariant: memory is handed out again only together with what tells that every stream that used it is past it, and
// its next user waits for that. So a late device never overwrites what is still being read. Where one stream alone used
// it, which is the rule, the order of that stream tells: no event is recorded unless another stream gets the memory.
#pragma once

#include "runtime/stream.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace syngrad {

class memory_pool;

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

  static constexpr std::size_t max_users = 16;

  memory_pool& pool_;
  void* data_;
  std::size_t bytes_;
  std::atomic<int> references_{0};
  std::mutex users_mutex_;
  std::array<stream*, max_users> users_{};
  std::size_t user_count_ = 0;
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

} // namespace syngrad
