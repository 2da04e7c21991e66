// Reads the records of one ring, chunk after chunk, and merges several such readers by time.
#pragma once

#include "runtime/trace/trace_file.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace syngrad::tools {

using ring_key = std::pair<std::uint8_t, std::uint16_t>; // node, ring: a thread

class trace_cursor {
public:
  struct stored_chunk {
    const trace_file* file;
    trace_chunk_header chunk;
  };

  // `rest`: records that come after those of the chunks; null: none. `offset_ns` is subtracted from every time.
  // `unreadable` is told of chunks that do not unpack; they are left out.
  trace_cursor(ring_key ring, std::vector<stored_chunk> chunks, const std::vector<trace_record>* rest,
               std::int64_t offset_ns, std::function<void(const stored_chunk&)> unreadable)
    : ring_(ring), chunks_(std::move(chunks)), rest_(rest), offset_ns_(offset_ns), unreadable_(std::move(unreadable)) {
    refill();
  }

  ring_key ring() const { return ring_; }

  bool done() const { return next_ == records_.size(); }
  const trace_record& front() const { return records_[next_]; }
  void pop() {
    if (++next_ == records_.size()) refill();
  }

private:
  void refill();

  ring_key ring_;
  std::vector<stored_chunk> chunks_;
  const std::vector<trace_record>* rest_;
  std::int64_t offset_ns_;
  std::function<void(const stored_chunk&)> unreadable_;
  std::size_t next_chunk_ = 0, next_ = 0;
  chunk_codec codec_;
  std::vector<trace_record> records_;
};

inline void trace_cursor::refill() {
  records_.clear();
  next_ = 0;
  while (records_.empty() && next_chunk_ < chunks_.size()) {
    const auto& next = chunks_[next_chunk_++];
    if (next.file->read(next.chunk, codec_, records_)) continue;
    records_.clear();
    unreadable_(next); // the sum held, so its writer was at fault
  }
  if (records_.empty() && rest_) {
    records_ = *rest_;
    rest_ = nullptr;
  }
  if (offset_ns_ != 0)
    for (auto& record : records_) record.time_ns -= offset_ns_;
}

// A message is sent before it is handled: at equal times the lower kind goes first.
inline bool comes_before(const trace_record& a, const trace_record& b) {
  return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.kind < b.kind;
}

// Calls visit(record) or visit(record, ring); false where it returns that it has seen enough.
template <class Visit>
bool goes_on(Visit& visit, const trace_record& record, ring_key ring) {
  const auto call = [&] {
    if constexpr (std::is_invocable_v<Visit&, const trace_record&, ring_key>)
      return visit(record, ring);
    else
      return visit(record);
  };
  if constexpr (std::is_same_v<decltype(call()), bool>) {
    return call();
  } else {
    call();
    return true;
  }
}

// Visits the records of all cursors in order, until a visit that returns false. Runs of one cursor are read without
// looking at the others again.
template <class Visit>
void merge(std::vector<trace_cursor> cursors, Visit visit) {
  std::erase_if(cursors, [](const auto& each) { return each.done(); });
  while (!cursors.empty()) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < cursors.size(); ++i)
      if (comes_before(cursors[i].front(), cursors[first].front())) first = i;
    const trace_record* next = nullptr; // of all the others
    for (std::size_t i = 0; i < cursors.size(); ++i)
      if (i != first && (!next || comes_before(cursors[i].front(), *next))) next = &cursors[i].front();
    auto& from = cursors[first];
    do {
      if (!goes_on(visit, from.front(), from.ring())) return;
      from.pop();
    } while (!from.done() && (!next || !comes_before(*next, from.front())));
    if (from.done()) cursors.erase(cursors.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

} // namespace syngrad::tools
