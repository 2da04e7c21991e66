#include "runtime/data/label_numbering.hpp"

#include "runtime/io/text_file.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <numeric>

namespace syngrad {
namespace {

// "'a' (line 3)"
std::string describe(const label& one) {
  return quoted_begin(one.text) + (one.position.empty() ? "" : " (" + one.position + ")");
}

bool is_class_number(const label& one) {
  return one.number && *one.number >= 0 && *one.number < double{most_classes} && std::trunc(*one.number) == *one.number;
}

// By value, then by bytes.
bool comes_before(const label& a, const label& b) {
  if (a.number && b.number) return *a.number < *b.number;
  if (a.number || b.number) return a.number.has_value();
  return a.text < b.text;
}

// "0, 1, 4": the first few.
template <class Text>
std::string list(std::size_t count, Text text_of) {
  constexpr std::size_t shown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(count, shown); ++i) text += (i ? ", " : "") + text_of(i);
  return count > shown ? text + ", ... (" + std::to_string(count) + " in all)" : text;
}

class numbering {
public:
  numbering(const std::string& where, std::span<const label> labels) : where_(where), labels_(labels) {
    order_.resize(labels.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](auto a, auto b) { return comes_before(labels[a], labels[b]); });
    const auto is_number = [](const label& one) { return one.number.has_value(); };
    numbers_ = static_cast<std::size_t>(std::count_if(labels.begin(), labels.end(), is_number));
    const auto odd = std::find_if_not(labels.begin(), labels.end(), is_class_number);
    if (odd != labels.end()) odd_ = &*odd;
  }

  result<label_numbering> make(std::optional<label_rule> rule) const {
    if (all_there()) return themselves();
    if (rule == label_rule::renumber) return renumbered();
    if (numbers_ == 0 && !rule) return renumbered();
    if (numbers_ == 0)
      return error::setting(where_ + ": " + describe(sorted(0)) +
                            " is no number, so --labels as-is has nothing to keep; leave " +
                            "it out, and names are numbered from 0");
    if (numbers_ < labels_.size())
      return error::data(where_ + ": numbers and names are mixed, such as " + describe(sorted(0)) + " and " +
                         describe(sorted(numbers_)) +
                         "; mend what is wrong, or make each a class with --labels renumber");
    if (rule && !odd_) return themselves();
    return error::setting(refusal(rule.has_value()));
  }

private:
  const label& sorted(std::size_t i) const { return labels_[order_[i]]; }
  std::int32_t outputs() const { return static_cast<std::int32_t>(*sorted(order_.size() - 1).number) + 1; }

  // Whether they are 0, 1, ... without a gap.
  bool all_there() const { return !odd_ && static_cast<std::size_t>(outputs()) == labels_.size(); }

  label_numbering themselves() const {
    label_numbering made;
    made.classes = outputs();
    for (const auto& one : labels_) made.class_of.push_back(static_cast<std::int32_t>(*one.number));
    if (!all_there())
      made.notes.push_back(where_ + ": no sample has the label " + missing() + "; outputs are kept for " +
                           "what is missing (--labels as-is)");
    return made;
  }

  label_numbering renumbered() const {
    label_numbering made;
    made.classes = static_cast<std::int32_t>(labels_.size());
    made.class_of.resize(labels_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      made.class_of[order_[i]] = static_cast<std::int32_t>(i);
      made.names.push_back(labels_[order_[i]].text);
    }
    made.notes.push_back(where_ + ": classes " + list(order_.size(), [&](std::size_t i) {
                           return fmt::format("{} = {}", i, quoted_begin(sorted(i).text));
                         }));
    return made;
  }

  // The numbers between 0 and the last that no label has.
  std::string missing() const {
    std::vector<std::int32_t> gaps;
    std::int32_t next = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const auto number = static_cast<std::int32_t>(*sorted(i).number);
      for (; next < number; ++next) gaps.push_back(next);
      ++next;
    }
    return list(gaps.size(), [&](std::size_t i) { return std::to_string(gaps[i]); });
  }

  std::string refusal(bool as_is) const {
    const auto count = std::to_string(labels_.size());
    const auto found = where_ + ": " + count + " different labels, " + quoted_begin(sorted(0).text) + " to " +
                       quoted_begin(sorted(order_.size() - 1).text);
    const auto renumber = "--labels renumber makes " + count + " classes of them";
    if (odd_) {
      return fmt::format("{}{}: {} cannot be the number of a class (a whole one of 0 to {}); {}, and --label-column "
                         "names another column",
                         found, as_is ? "" : ", are not the numbers 0, 1, ...", describe(*odd_), most_classes - 1,
                         renumber);
    }
    return fmt::format("{}, but classes are numbered from 0: a model would need {} outputs, and nothing has the label "
                       "{}; {}, --labels as-is keeps the numbers",
                       found, outputs(), missing(), renumber);
  }

  const std::string& where_;
  std::span<const label> labels_;
  std::vector<std::size_t> order_; // indices of labels, sorted
  std::size_t numbers_ = 0;        // how many are numbers: these come first in `order_`
  const label* odd_ = nullptr;     // the first that cannot be the number of a class
};

} // namespace

result<label_numbering> number_labels(const std::string& where, std::span<const label> labels,
                                      std::optional<label_rule> rule) {
  return numbering(where, labels).make(rule);
}

} // namespace syngrad
