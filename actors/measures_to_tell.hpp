// What was measured of predictions, on its way to a policy that goes by it (policy_capabilities::judges_predictions).
//
// The host knows a measure once the stream is past its batch, which is a matter of timing. In a deterministic run the
// policy hears of it a fixed number of turns after that of the batch's gradient instead, and the turn waits until it is
// known. That costs no time where the stream keeps up with so many turns, as the room for batches in flight makes it.
//
// Belongs to one group, on its thread.
#pragma once

#include "actors/prediction_quality.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace syngrad {

class measures_to_tell {
public:
  static constexpr std::uint64_t turns = 2; // from the turn in which something was measured to that which hears of it

  // Something of `batch` is measured in the turn of batch `turn`.
  void expect(std::uint64_t batch, std::uint64_t turn) { waiting_.push_back({batch, turn + turns, false, {}}); }
  // It is known now; null: it says nothing.
  void known(std::uint64_t batch, const std::optional<prediction_measure>& what) {
    for (auto& each : waiting_)
      if (each.batch == batch) each.known = true, each.what = what;
  }
  // Hands `tell` what is due in the turn of batch `turn`, in order. False: some of that is not known yet.
  template <class Tell>
  bool tell_due(std::uint64_t turn, Tell tell) {
    while (!waiting_.empty() && waiting_.front().due <= turn) {
      if (!waiting_.front().known) return false;
      if (const auto& what = waiting_.front().what) tell(*what);
      waiting_.pop_front();
    }
    return true;
  }

  template <class Archive>
  void keep(Archive& of) {
    auto count = waiting_.size();
    of.word("waiting", count);
    if (of.loads()) waiting_.clear();
    for (std::size_t i = 0; i < count && of.outcome(); ++i) {
      if (of.loads()) waiting_.emplace_back();
      auto& each = waiting_[i];
      of.within(std::to_string(i) + ".", [&] {
        of.word("batch", each.batch);
        of.word("due", each.due);
        of.word("known", each.known);
        bool says = each.what.has_value();
        of.word("says", says);
        if (of.loads() && says) each.what.emplace();
        if (says) each.what->keep(of);
      });
    }
  }

private:
  struct entry {
    std::uint64_t batch = 0, due = 0; // due: the turn that hears of it
    bool known = false;
    std::optional<prediction_measure> what;
  };
  std::deque<entry> waiting_;
};

} // namespace syngrad
