#include "runtime/data/csv_labels.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace syngrad {
namespace {

std::optional<std::int32_t> class_number(const std::string& text) {
  std::int32_t value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == end;
  if (!whole || text.starts_with('-') || value >= static_cast<std::int32_t>(csv_labels::most_classes)) return {};
  return value;
}

} // namespace

bool csv_labels::add(const std::string& text) {
  const auto [entry, fresh] = ids_.try_emplace(text, static_cast<std::int32_t>(ids_.size()));
  rows_.push_back(entry->second);
  return !fresh || ids_.size() <= most_classes;
}

csv_labels::encoding csv_labels::encode() const {
  std::vector<std::int32_t> class_of(ids_.size());
  std::set<std::int32_t> numbers;
  bool numeric = true;
  for (const auto& [text, id] : ids_) {
    const auto number = class_number(text);
    numeric = numeric && number;
    if (!number) break;
    class_of[static_cast<std::size_t>(id)] = *number;
    numbers.insert(*number); // "1" and "01" are one class
  }
  encoding encoded;
  if (numeric) {
    encoded.classes = numbers.empty() ? 0 : *numbers.rbegin() + 1;
    encoded.distinct = numbers.size();
  } else {
    std::vector<std::pair<std::string, std::int32_t>> sorted(ids_.begin(), ids_.end());
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      class_of[static_cast<std::size_t>(sorted[i].second)] = static_cast<std::int32_t>(i);
    encoded.distinct = sorted.size();
    encoded.classes = static_cast<std::int32_t>(sorted.size());
  }
  encoded.labels.reserve(rows_.size());
  for (const auto id : rows_) encoded.labels.push_back(class_of[static_cast<std::size_t>(id)]);
  return encoded;
}

} // namespace syngrad
