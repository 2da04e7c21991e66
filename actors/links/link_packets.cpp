#include "actors/links/link_packets.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <new>

namespace syngrad {

struct chunk_sum::state {
  XXH3_state_t xxh3; // wants an alignment of 64
};

chunk_sum::chunk_sum() : state_(std::make_unique<state>()) {
  begin(0);
}

chunk_sum::~chunk_sum() = default;

void chunk_sum::begin(std::uint64_t sequence) {
  XXH3_64bits_reset_withSeed(&state_->xxh3, sequence);
}

void chunk_sum::add(const char* data, std::size_t count) {
  XXH3_64bits_update(&state_->xxh3, data, count);
}

std::uint64_t chunk_sum::get() const {
  return XXH3_64bits_digest(&state_->xxh3);
}

} // namespace syngrad
