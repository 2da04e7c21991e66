#include "runtime/trace/ring_snapshot.hpp"

#include <algorithm>

namespace syngrad {

namespace {

bool possible(const trace_record& record) {
  return record.kind >= record_kind::send && static_cast<int>(record.kind) < record_kind_count;
}

} // namespace

ring_snapshot snapshot_of(const trace_ring& ring) {
  ring_snapshot out;
  const auto tail_before = ring.tail();
  const auto head = ring.head();
  const auto tail = std::max(ring.tail(), tail_before); // of a moment when `head` was passed or near
  out.lost = ring.lost();
  out.sound = tail_before <= head && (tail > head || head - tail <= ring.capacity());
  out.first = tail;
  if (!out.sound || tail >= head) return out;
  out.records.reserve(head - tail);
  for (auto at = tail; at < head; ++at) out.records.push_back(ring.at(at));
  // What was consumed meanwhile may have been overwritten while it was copied.
  std::atomic_thread_fence(std::memory_order_acquire);
  const auto gone = std::min(std::max(ring.tail(), tail), head) - tail;
  out.records.erase(out.records.begin(), out.records.begin() + static_cast<std::ptrdiff_t>(gone));
  out.first = tail + gone;
  const auto bad = std::find_if_not(out.records.begin(), out.records.end(), possible);
  out.sound = bad == out.records.end();
  out.records.erase(bad, out.records.end());
  return out;
}

} // namespace syngrad
