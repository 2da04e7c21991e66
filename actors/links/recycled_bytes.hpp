// Memory of one purpose that is used again, because what it is needed for comes again in the same sizes.
//
// Threads: any. What was handed out keeps the rest alive.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace syngrad {

class recycled_bytes : public std::enable_shared_from_this<recycled_bytes> {
public:
  static std::shared_ptr<recycled_bytes> make() { return std::shared_ptr<recycled_bytes>(new recycled_bytes); }

  // At least `count` bytes, contents undefined. They come back with the last reference.
  std::shared_ptr<char> take(std::size_t count) {
    auto found = take_free(count);
    if (found.size < count) found = {std::make_unique_for_overwrite<char[]>(count), count};
    auto* const start = found.memory.get();
    auto keeper = std::make_shared<lease>(shared_from_this(), std::move(found));
    return {std::move(keeper), start};
  }

private:
  struct block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  struct lease {
    lease(std::shared_ptr<recycled_bytes> from, block what) : owner(std::move(from)), held(std::move(what)) {}
    ~lease() { owner->give_back(std::move(held)); }
    std::shared_ptr<recycled_bytes> owner;
    block held;
  };

  recycled_bytes() = default;

  // The smallest that is large enough; else the largest, which makes room for a larger one.
  block take_free(std::size_t count) {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    auto found = std::lower_bound(free_.begin(), free_.end(), count,
                                  [](const block& each, std::size_t wanted) { return each.size < wanted; });
    if (found == free_.end()) --found;
    auto taken = std::move(*found);
    free_.erase(found);
    return taken;
  }
  void give_back(block returned) noexcept {
    const std::lock_guard lock(mutex_);
    const auto at = std::upper_bound(free_.begin(), free_.end(), returned.size,
                                     [](std::size_t size, const block& each) { return size < each.size; });
    free_.insert(at, std::move(returned));
  }

  std::mutex mutex_;
  std::vector<block> free_; // by size
};

} // namespace syngrad
