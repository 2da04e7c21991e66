#include "tools/train/trace_rings.hpp"

#include "runtime/text.hpp"

namespace syngrad::tools {

namespace {

constexpr std::uint32_t rings_beside_actor_threads = 8;
constexpr std::uint64_t least_capacity = 512; // records: what a busy thread makes until it is drained, twice over

} // namespace

status plan_rings(trace_settings& settings, int threads) {
  settings.rings = static_cast<std::uint32_t>(threads) + rings_beside_actor_threads;
  const auto bytes = [&] { return settings.rings * trace_ring::bytes(settings.capacity); };
  while (settings.capacity > least_capacity && bytes() > settings.limit_bytes / 2) settings.capacity /= 2;
  if (bytes() > settings.limit_bytes / 2)
    return error{"the rings of " + std::to_string(threads) + " threads take " + byte_size(bytes()) + ", and half of " +
                 byte_size(settings.limit_bytes) + " is all that they may take; allow a larger --trace-limit (or " +
                 "flight:SIZE), or use fewer --threads"};
  settings.limit_bytes -= bytes();
  return ok();
}

} // namespace syngrad::tools
