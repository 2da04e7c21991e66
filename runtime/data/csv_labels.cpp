#include "runtime/data/csv_labels.hpp"

#include "runtime/io/text_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <limits>
#include <string_view>
#include <system_error>

namespace syngrad {

csv_number parse_csv_number(std::string_view text) {
  using kind = csv_number::kind;
  constexpr double largest_value = std::numeric_limits<float>::max();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ptr != end) return {kind::none, 0};
  if (parsed.ec == std::errc::result_out_of_range) {
    // from_chars says no more than that: either way the value is left alone.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    return tiny ? csv_number{kind::finite, 0} : csv_number{kind::too_large, 0};
  }
  if (!std::isfinite(value)) return {kind::not_finite, 0};
  if (std::abs(value) > largest_value) return {kind::too_large, 0};
  return {kind::finite, value};
}

bool is_csv_number(const std::string& text) {
  return parse_csv_number(text).what != csv_number::kind::none;
}

bool has_decimal_comma(const std::string& text) {
  const auto comma = text.find(',');
  return comma != text.npos && comma + 1 < text.size() && is_csv_number(text.substr(0, comma)) &&
         text.find_first_not_of("0123456789", comma + 1) == text.npos;
}

result<double> read_csv_value(const std::string& text) {
  if (text.empty()) return error::data("nothing there; fill it in or remove the row");
  const auto parsed = parse_csv_number(text);
  switch (parsed.what) {
  case csv_number::kind::finite:
    return parsed.value;
  case csv_number::kind::not_finite:
    return error::data(quoted_begin(text) + "; replace it with a finite number or remove the row");
  case csv_number::kind::too_large:
    return error::data(quoted_begin(text) + " does not fit a 32-bit float; use another unit");
  case csv_number::kind::none:
    break;
  }
  if (has_decimal_comma(text))
    return error::data(quoted_begin(text) + " has a decimal comma; write numbers with a point");
  if (text[0] == '#' || text[0] == '%')
    return error::data(quoted_begin(text) + " is not a number; comments stand before the first row, remove this one");
  return error::data(quoted_begin(text) + " is not a number; features must be numbers");
}

namespace {

constexpr double exact_whole = 9007199254740992; // 2^53
constexpr std::size_t kept_spellings = 3;

// What tables write where a value is missing: no title of a column.
bool stands_for_nothing(const std::string& text) {
  static constexpr std::array marks{"NA", "na", "N/A", "n/a", "NULL", "null", "None", "none", "?", "-"};
  return std::find(marks.begin(), marks.end(), text) != marks.end();
}

std::string spelling_of(const label& one) {
  return "'" + visible(one.text) + "' (" + one.position + ")";
}

} // namespace

result<std::int32_t> csv_labels::index_of(const std::string& text, std::int64_t line) {
  label fresh{std::string(trimmed(text)), "line " + std::to_string(line), {}};
  if (fresh.text.empty()) return error::data("nothing there; fill it in or remove the row");
  const auto number = parse_csv_number(fresh.text);
  if (number.what == csv_number::kind::not_finite)
    return error::data("'" + visible(fresh.text) +
                       "' stands for a label that is missing; fill it in or remove the row");
  if (number.what == csv_number::kind::finite && std::abs(number.value) < exact_whole) fresh.number = number.value;

  const auto next = static_cast<std::int32_t>(different_.size());
  const auto index = fresh.number ? by_number_.try_emplace(*fresh.number, next).first->second
                                  : by_text_.try_emplace(fresh.text, next).first->second;
  if (index == next) {
    if (different_.size() == most_classes)
      return error::data(
        fmt::format("more than {} different labels; name the column of classes with --label-column", most_classes));
    different_.push_back(std::move(fresh));
  } else if (fresh.number && fresh.text != different_[static_cast<std::size_t>(index)].text &&
             respelled_.size() < kept_spellings) {
    respelled_.push_back(std::move(fresh));
  }
  return index;
}

status csv_labels::add(const std::string& text, std::int64_t line) {
  const auto known = by_text_.find(text);
  if (known != by_text_.end()) {
    rows_.push_back(known->second);
    return ok();
  }
  const auto index = index_of(text, line);
  if (!index) return index.failure();
  by_text_.emplace(text, *index);
  rows_.push_back(*index);
  return ok();
}

bool csv_labels::begin_with_a_title() const {
  return rows_.size() > 1 && !different_[0].number && !stands_for_nothing(different_[0].text) &&
         std::count(rows_.begin(), rows_.end(), 0) == 1 &&
         std::all_of(different_.begin() + 1, different_.end(), [](const auto& one) { return one.number.has_value(); });
}

void csv_labels::drop_first_row() {
  rows_.erase(rows_.begin());
  different_.erase(different_.begin());
  for (auto& index : rows_) --index;
  by_text_.clear(); // what is looked up in add(), with indices of before
  by_number_.clear();
}

std::string csv_labels::spellings() const {
  std::string text;
  for (const auto& one : respelled_) {
    const auto same = [&](const auto& other) { return other.number == one.number; };
    text += (text.empty() ? "" : ", ") + spelling_of(one) + " is " +
            spelling_of(*std::find_if(different_.begin(), different_.end(), same));
  }
  return text.empty() ? text : "equal numbers are one label, however they are written: " + text;
}

} // namespace syngrad
