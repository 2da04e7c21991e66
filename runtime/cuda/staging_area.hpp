// Pinned host memory through which data goes to a device: the host writes a piece, a stream copies it, and the piece is
// written again only once the copy is done. Other than in a memory_pool, it is the host that has to know.
//
// Threads: all members may be called by any thread.
#pragma once

#include "runtime/memory_pool.hpp"

#include <deque>

namespace syngrad::cuda {

class staging_area {
public:
  // Larger data goes in pieces of this size.
  static constexpr std::size_t largest_piece = std::size_t{4} << 20;

  struct piece {
    void* data = nullptr;
    std::size_t bytes = 0;
    event copied; // of its last use
  };

  // Of each size at most `limit` pieces are made; who wants more waits for the oldest. Batches never come near it,
  // only the first upload of a large data set does.
  staging_area(std::unique_ptr<memory_source> pinned, std::size_t limit);
  ~staging_area();
  staging_area(const staging_area&) = delete;
  staging_area& operator=(const staging_area&) = delete;

  // A piece of at least `bytes` <= largest_piece that no copy reads.
  piece take(std::size_t bytes);
  void give_back(piece used, event copied);
  // Constant once warm.
  std::uint64_t allocations() const;

private:
  struct pieces {
    std::deque<piece> free; // the one whose copy was enqueued first in front
    std::size_t made = 0;
  };

  std::unique_ptr<memory_source> source_;
  std::size_t limit_;
  mutable std::mutex mutex_;
  std::map<std::size_t, pieces> by_size_;
  std::vector<void*> all_;
};

} // namespace syngrad::cuda
