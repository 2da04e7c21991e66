// The sum that a chunk carries, over its bytes and its number: whatever changes on the way, a chunk that is taken is
// the one that was sent. XXH3, 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace syngrad {

class chunk_sum {
public:
  chunk_sum();
  ~chunk_sum();

  void begin(std::uint64_t sequence);
  void add(const char* data, std::size_t count);
  std::uint64_t get() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace syngrad
