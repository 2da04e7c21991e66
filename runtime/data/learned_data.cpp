#include "runtime/data/learned_data.hpp"

#include "runtime/data/csv_labels.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <cmath>
#include <fmt/core.h>
#include <optional>

namespace syngrad {

namespace {

bool is_called(const label& one, const std::string& name) {
  if (one.text == name) return true;
  const auto number = parse_csv_number(name);
  return one.number && number.what == csv_number::kind::finite && number.value == *one.number;
}

std::optional<std::int32_t> class_of(const label& one, const learned_data& known) {
  if (!known.class_names.empty()) {
    for (std::size_t i = 0; i < known.class_names.size(); ++i)
      if (is_called(one, known.class_names[i])) return static_cast<std::int32_t>(i);
    return std::nullopt;
  }
  if (!one.number || std::trunc(*one.number) != *one.number || *one.number < 0 ||
      *one.number >= static_cast<double>(known.target.categories))
    return std::nullopt;
  return static_cast<std::int32_t>(*one.number);
}

std::string describe_classes(const learned_data& known) {
  constexpr std::size_t shown = 12;
  if (known.class_names.empty()) return fmt::format("0 to {}", known.target.categories - 1);
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, known.class_names.size()); ++i)
    text += (i ? ", " : "") + quoted_begin(known.class_names[i]);
  return known.class_names.size() > shown ? text + ", ..." : text;
}

} // namespace

result<std::vector<std::int32_t>> classes_of(const std::string& where, std::span<const label> labels,
                                             const learned_data& known) {
  std::vector<std::int32_t> classes;
  for (const auto& one : labels) {
    const auto found = class_of(one, known);
    if (!found)
      return error::data(fmt::format("{}: the label {}{} is none of those that the run has learned: {}; leave out what "
                                     "has it, or train with it",
                                     where, quoted_begin(one.text),
                                     one.position.empty() ? "" : " (" + one.position + ")", describe_classes(known)));
    classes.push_back(*found);
  }
  return classes;
}

dataset empty_dataset(const std::string& name, const sample_spec& input, const learned_data& known) {
  dataset data;
  data.name = name;
  data.input = input;
  data.target = known.target;
  data.class_names = known.class_names;
  return data;
}

void fill_missing_targets(const learned_data& known, sample_set& samples) {
  const auto count = static_cast<std::size_t>(samples.count * known.target.elements());
  if (known.target.is_numbers())
    samples.labels.assign(count, 0);
  else
    samples.values.assign(count, 0);
}

} // namespace syngrad
