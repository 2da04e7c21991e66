#include "runtime/cuda/staging_area.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <thread>

namespace syngrad::cuda {

namespace {

constexpr std::size_t smallest_piece = 4096;

} // namespace

staging_area::staging_area(std::unique_ptr<memory_source> pinned, std::size_t limit)
  : source_(std::move(pinned)), limit_(limit) {}

staging_area::~staging_area() {
  for (auto* each : all_) source_->deallocate(each);
}

staging_area::piece staging_area::take(std::size_t bytes) {
  assert(bytes <= largest_piece);
  const auto size = std::bit_ceil(std::max(bytes, smallest_piece));
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      auto& kept = by_size_[size];
      if (!kept.free.empty() && kept.free.front().copied.ready()) {
        auto found = kept.free.front();
        kept.free.pop_front();
        return found;
      }
      if (kept.made < limit_) {
        all_.reserve(all_.size() + 1);
        all_.push_back(source_->allocate(size));
        ++kept.made;
        return {all_.back(), size, {}};
      }
    }
    std::this_thread::yield();
  }
}

void staging_area::give_back(piece used, event copied) {
  used.copied = std::move(copied);
  const std::lock_guard lock(mutex_);
  by_size_[used.bytes].free.push_back(std::move(used));
}

std::uint64_t staging_area::allocations() const {
  const std::lock_guard lock(mutex_);
  return all_.size();
}

} // namespace syngrad::cuda
