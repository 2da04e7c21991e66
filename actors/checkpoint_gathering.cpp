#include "actors/checkpoint_gathering.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace syngrad {

void checkpoint_gathering::add(saved_part part) {
  auto& parts = run_->parts;
  const auto known = std::find_if(parts.begin(), parts.end(), [&](const auto& each) { return each.name == part.name; });
  if (known == parts.end()) {
    parts.push_back(std::move(part));
  } else {
    std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(known->tensors));
    known->words.merge(part.words);
  }
  --left_;
}

std::shared_ptr<const saved_run> checkpoint_gathering::complete() {
  if (!run_ || left_ > 0) return nullptr;
  // "source" behind all groups, those by number.
  const auto before = [](const saved_part& one, const saved_part& other) {
    return one.name.size() != other.name.size() ? one.name.size() < other.name.size() : one.name < other.name;
  };
  std::sort(run_->parts.begin(), run_->parts.end(), [&](const auto& one, const auto& other) {
    const bool is_source = one.name == "source", other_is = other.name == "source";
    return is_source != other_is ? other_is : before(one, other);
  });
  return std::exchange(run_, nullptr);
}

} // namespace syngrad
