// A group's side of what it says to its predictor: a question in a batch's turn, and what the answers should have been.
//
// Invariant: one question is open at most, and only its answer is taken. Belongs to one group, on its thread; sends
// nothing.
#pragma once

#include "actors/batch_record.hpp"

#include <cassert>
#include <cstdint>
#include <optional>

namespace syngrad {

class predictor_port {
public:
  void connect(bool there) { exists_ = there; }
  bool exists() const { return exists_; }

  void asks(const batch_record& record) {
    assert(exists_ && !open_);
    open_ = record.batch;
  }
  // Whether the question about this batch is open; then it is so no more.
  bool is_answered(std::uint64_t batch) {
    if (open_ != batch) return false;
    open_.reset();
    return true;
  }

  void dropped(std::int64_t so_far) { dropped_ = so_far; }
  template <class Archive>
  void keep(Archive& of) {
    of.word("dropped_targets", dropped_);
  }
  std::int64_t dropped_targets() const { return dropped_; } // the predictor fell behind

private:
  bool exists_ = false;
  std::optional<std::uint64_t> open_;
  std::int64_t dropped_ = 0;
};

} // namespace syngrad
