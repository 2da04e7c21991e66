// Messages on their way: when they arrive, and what is kept of them until then.
#pragma once

#include "runtime/trace/trace_record.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace syngrad::tools {

// Where and when a message arrives: with its send, in one process; with its `enqueue`, where a link delivered it.
struct message_arrival {
  bool arrives = false;
  std::uint32_t receiver = 0;
};

inline message_arrival arrival_of(const trace_record& record) {
  if (record.message == 0) return {}; // only handling is recorded of such
  if (record.kind == record_kind::enqueue) return {true, record.actor};
  const bool near = record.kind == record_kind::send && node_of(record.actor) == node_of(record.peer);
  return {near, record.peer};
}

// What is known of the messages under way, by id: a hash table with open addressing, for analyses that meet millions of
// messages of which few are under way at a time. No allocation but when it grows. One thread.
//
// Invariant: from the slot that an id hashes to up to where it is, no slot is free (0 is no id and marks free ones).
template <class Value>
class message_table {
public:
  message_table() : slots_(1024) {}

  std::size_t size() const { return size_; }

  // Null where it is not there. Valid until the next insert or erase.
  Value* find(std::uint64_t id) {
    for (auto at = home(id);; at = next(at)) {
      if (slots_[at].first == id) return id == 0 ? nullptr : &slots_[at].second;
      if (slots_[at].first == 0) return nullptr;
    }
  }

  // `id` is not 0. A value that was there is replaced.
  Value& insert(std::uint64_t id, const Value& value) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    auto at = home(id);
    while (slots_[at].first != 0 && slots_[at].first != id) at = next(at);
    size_ += slots_[at].first == 0;
    slots_[at] = {id, value};
    return slots_[at].second;
  }

  // Closes the gap: whoever is further from home than the gap moves into it.
  void erase(std::uint64_t id) {
    auto gap = home(id);
    while (slots_[gap].first != id) {
      if (slots_[gap].first == 0) return;
      gap = next(gap);
    }
    if (id == 0) return;
    for (auto at = next(gap); slots_[at].first != 0; at = next(at)) {
      const auto mask = slots_.size() - 1;
      if (((at - home(slots_[at].first)) & mask) < ((at - gap) & mask)) continue;
      slots_[gap] = slots_[at];
      gap = at;
    }
    slots_[gap].first = 0;
    --size_;
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, value] : slots_)
      if (id != 0) visit(id, value);
  }

private:
  std::size_t home(std::uint64_t id) const {
    return static_cast<std::size_t>((id * 0x9e3779b97f4a7c15u) >> 20) & (slots_.size() - 1);
  }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }

  void grow() {
    std::vector<std::pair<std::uint64_t, Value>> before(2 * slots_.size());
    before.swap(slots_);
    for (const auto& [id, value] : before) {
      if (id == 0) continue;
      auto at = home(id);
      while (slots_[at].first != 0) at = next(at);
      slots_[at] = {id, value};
    }
  }

  std::vector<std::pair<std::uint64_t, Value>> slots_; // a power of two of them, at most half of them taken
  std::size_t size_ = 0;
};

} // namespace syngrad::tools
