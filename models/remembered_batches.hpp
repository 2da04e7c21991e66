// What a head has made of the latest batches that it predicted for: a training on one of them begins with it. A batch
// is known by the memory of its activation, which nobody writes in between. Not within what is recorded.
#pragma once

#include "runtime/tensor.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace syngrad {

template <class Reading>
class remembered_batches {
public:
  static constexpr std::size_t most = 4;

  struct entry {
    tensor h, labels;
    Reading read;
    std::int64_t version; // of the weights that judged it
  };

  remembered_batches() { all_.reserve(most); }

  // The oldest is forgotten for it.
  const Reading& add(entry next) {
    if (all_.size() == most) all_.erase(all_.begin());
    all_.push_back(std::move(next));
    return all_.back().read;
  }
  // Each once.
  std::optional<entry> take(const tensor& h, const tensor& labels) {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const entry& each) {
      return each.h.data() == h.data() && each.h.extents() == h.extents() && each.labels.data() == labels.data();
    });
    if (found == all_.end()) return std::nullopt;
    std::optional<entry> out(std::move(*found));
    all_.erase(found);
    return out;
  }
  void clear() { all_.clear(); }

private:
  std::vector<entry> all_; // the oldest first
};

} // namespace syngrad
