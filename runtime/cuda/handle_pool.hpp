// Keeps handles that are costly to make (events) for reuse. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace syngrad::cuda {

template <class Handle>
class handle_pool {
public:
  handle_pool(std::function<Handle()> make, std::function<void(Handle)> destroy)
    : make_(std::move(make)), destroy_(std::move(destroy)) {}
  handle_pool(const handle_pool&) = delete;
  handle_pool& operator=(const handle_pool&) = delete;
  // All handles have been given back.
  ~handle_pool() {
    for (const auto& each : free_) destroy_(each);
  }

  Handle take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      auto made = make_();
      free_.reserve(++made_); // so that give_back() never allocates
      return made;
    }
    auto found = free_.back();
    free_.pop_back();
    return found;
  }
  void give_back(Handle handle) noexcept {
    const std::lock_guard lock(mutex_);
    free_.push_back(handle);
  }
  // Constant once warm.
  std::size_t made() const {
    const std::lock_guard lock(mutex_);
    return made_;
  }

private:
  std::function<Handle()> make_;
  std::function<void(Handle)> destroy_;
  mutable std::mutex mutex_;
  std::vector<Handle> free_;
  std::size_t made_ = 0;
};

} // namespace syngrad::cuda
