// What the batches in flight in a group keep of memory between their passes: caches or what makes them again, outputs,
// predictions, weights that they have seen, gradients that the second part of an update needs. Not what they got from
// below, which is the neighbour's, nor gradients that have come early: how many have is a matter of timing.
//
// Belongs to one group, on its thread. Looks only while more batches are in flight than before, and for a while after:
// they are of one size.
#pragma once

#include "actors/batch_window.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace syngrad {

class kept_memory {
public:
  // An update is made of so many batches: before it there are weights to be seen that are kept after it.
  void expect_updates_of(std::int64_t batches) { batches_of_update_ = batches; }
  // `beside`: bytes of weights and updates that are kept, too.
  void look_at(const batch_window& window, std::uint64_t beside) {
    const auto& all = window.in_flight();
    const auto batches = std::count_if(all.begin(), all.end(), [](const auto& each) { return !each->finished; });
    if (batches < most_batches_) return;
    if (batches > most_batches_) looks_ = 0;
    most_batches_ = batches;
    if (looks_ == enough_of_each * std::max(batches, batches_of_update_)) return;
    ++looks_;
    most_bytes_ = std::max(most_bytes_, bytes_of(window) + beside);
  }

  template <class Archive>
  void keep(Archive& of) {
    of.word("kept.most_batches", most_batches_);
    of.word("kept.looks", looks_);
    of.word("kept.most_bytes", most_bytes_);
  }
  std::uint64_t most_bytes() const { return most_bytes_; } // at once
  std::int64_t most_batches() const { return most_batches_; }

private:
  static constexpr std::int64_t enough_of_each = 3; // until all in flight have seen updates

  std::uint64_t bytes_of(const batch_window& window) {
    seen_.clear();
    for (const auto& record : window.in_flight()) {
      const auto add = [&](const tensor& each) {
        if (each && each.memory().get() != record->from_below) seen_.push_back(each.memory().get());
      };
      const auto add_all = [&](const std::vector<tensor>& each) { std::for_each(each.begin(), each.end(), add); };
      add_all(record->cache.saved);
      add_all(record->cache.beginning.carried);
      for (const auto* each : {&record->cache.beginning.state, &record->output, &record->prediction, &record->weights})
        add(*each);
      for (const auto& each : record->deferred) add(each.dy);
    }
    std::sort(seen_.begin(), seen_.end());
    seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
    std::uint64_t sum = 0;
    for (const auto* each : seen_) sum += each->bytes();
    return sum;
  }

  std::int64_t batches_of_update_ = 1;
  std::int64_t most_batches_ = 0;
  std::int64_t looks_ = 0; // at so many batches
  std::uint64_t most_bytes_ = 0;
  std::vector<const buffer*> seen_; // while it looks
};

} // namespace syngrad
