// A table for a network that is trained already: its columns are found by the names that the run's table had, or else
// by their places, and scaled as those were.
#include "runtime/data/csv.hpp"
#include "runtime/data/csv_labels.hpp"
#include "runtime/data/csv_parser.hpp"
#include "runtime/data/learned_data.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>

namespace syngrad {

namespace {

// Where in a row what is wanted stands.
struct learned_columns {
  std::vector<std::size_t> features, targets;
  bool has_header = false;
  std::size_t fields = 0;
};

std::string list_features(const learned_data& known) {
  constexpr std::size_t shown = 12;
  const auto count = known.scaling.size();
  if (count == 0 || known.scaling.front().name.empty()) return fmt::format("{} features", count);
  std::string text = fmt::format("{} features, ", count);
  for (std::size_t i = 0; i < std::min(shown, count); ++i)
    text += (i ? ", " : "") + quoted_begin(known.scaling[i].name);
  return count > shown ? text + ", ..." : text;
}

std::optional<std::size_t> place_of(const std::string& name, const std::vector<std::string>& in) {
  const auto found = std::find(in.begin(), in.end(), name);
  if (found == in.end()) return std::nullopt;
  return static_cast<std::size_t>(found - in.begin());
}

bool is_place(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// Which columns the run's options, or those of the command, name as targets; empty: none are named.
std::vector<std::string> named_targets(const csv_settings& settings) {
  if (!settings.target_columns.empty()) return settings.target_columns;
  if (settings.label_column) return {*settings.label_column};
  return {};
}

class learned_table_layout {
public:
  learned_table_layout(const csv_parser& parser, const csv_settings& settings, const learned_data& known)
    : parser_(parser), first_(parser.fields()), wanted_(named_targets(settings)), known_(known) {}

  result<learned_columns> find() {
    into_.fields = first_.size();
    if (auto done = has_all_names() ? find_by_name() : find_by_place(); !done) return done.failure();
    return std::move(into_);
  }

private:
  bool has_all_names() const {
    return !known_.scaling.empty() && std::all_of(known_.scaling.begin(), known_.scaling.end(), [&](const auto& each) {
      return !each.name.empty() && place_of(each.name, first_);
    });
  }

  error refused(const std::string& what) const { return error::data(parser_.position(0) + ": " + what); }

  status find_by_name() {
    into_.has_header = true;
    for (const auto& each : known_.scaling) into_.features.push_back(*place_of(each.name, first_));
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < first_.size(); ++i)
      if (std::find(into_.features.begin(), into_.features.end(), i) == into_.features.end()) others.push_back(i);
    if (!known_.wants_targets) return ok();
    if (wanted_.empty() && others.size() == target_count()) {
      into_.targets = others;
      return ok();
    }
    if (wanted_.empty()) return refused(missing_target());
    for (const auto& each : wanted_) {
      const auto place = is_place(each) ? parse_number<std::size_t>(each) : place_of(each, first_);
      if (!place || std::find(others.begin(), others.end(), *place) == others.end())
        return refused("there is no column " + quoted_begin(each) + " beside the features, which holds the targets");
      into_.targets.push_back(*place);
    }
    return ok();
  }

  std::string missing_target() const {
    return fmt::format("{} columns, and none is known to hold the targets beside {}; --label-column names it, and "
                       "`syngrad predict` takes rows without",
                       first_.size(), list_features(known_));
  }

  std::size_t target_count() const {
    return wanted_.empty() ? static_cast<std::size_t>(known_.target.elements()) : wanted_.size();
  }

  // The last columns are the targets, unless others are named.
  status find_by_place() {
    const auto features = known_.scaling.size(), targets = target_count();
    const bool without = first_.size() == features && !known_.wants_targets;
    if (!without && first_.size() != features + targets)
      return refused(
        fmt::format("{} columns; the network takes {}{}", first_.size(), list_features(known_),
                    known_.wants_targets ? fmt::format(" and {} of targets", targets) : ", with or without targets"));
    for (std::size_t i = 0; i < targets && !without; ++i) {
      auto place = wanted_.empty()
                     ? std::optional(features + i)
                     : (is_place(wanted_[i]) ? parse_number<std::size_t>(wanted_[i]) : place_of(wanted_[i], first_));
      if (place && *place >= first_.size()) place.reset();
      if (!place) return refused("there is no column " + quoted_begin(wanted_[i]) + ", which holds the targets");
      into_.has_header = into_.has_header || (!wanted_.empty() && !is_place(wanted_[i]));
      into_.targets.push_back(*place);
    }
    for (std::size_t i = 0; i < first_.size(); ++i)
      if (std::find(into_.targets.begin(), into_.targets.end(), i) == into_.targets.end()) {
        into_.features.push_back(i);
        into_.has_header =
          into_.has_header || (!is_csv_number(first_[i]) && !has_decimal_comma(first_[i]) && !first_[i].empty());
      }
    if (into_.has_header && !known_.scaling.front().name.empty())
      return refused("a header without the names of the run's " + list_features(known_) +
                     "; give the columns those names, or leave the header out where they stand in that order");
    return ok();
  }

  const csv_parser& parser_;
  const std::vector<std::string>& first_;
  std::vector<std::string> wanted_;
  const learned_data& known_;
  learned_columns into_;
};

status read_features(const csv_parser& parser, const learned_columns& columns, const learned_data& known,
                     std::vector<float>& into) {
  for (std::size_t i = 0; i < columns.features.size(); ++i) {
    const auto value = read_csv_value(parser.fields()[columns.features[i]]);
    if (!value) return value.failure().prefixed(parser.position(columns.features[i]) + ": ");
    into.push_back(known.scaling[i].of(*value));
  }
  return ok();
}

status read_targets(const csv_parser& parser, const learned_columns& columns, bool labels, csv_labels& named,
                    std::vector<float>& values) {
  for (const auto place : columns.targets) {
    const auto& text = parser.fields()[place];
    const auto at = parser.position(place) + ": ";
    if (labels) {
      if (auto added = named.add(text, parser.line()); !added) return added.failure().prefixed(at);
      continue;
    }
    const auto value = read_csv_value(text);
    if (!value) return value.failure().prefixed(at);
    values.push_back(static_cast<float>(*value));
  }
  return ok();
}

} // namespace

result<dataset> load_csv_as_learned(const std::string& file, const csv_settings& settings, const learned_data& known) {
  constexpr std::int64_t most_rows = std::numeric_limits<std::int32_t>::max();
  if (known.scaling.empty())
    return error::setting(file + ": the network was not trained on a table, so nothing says which columns it takes; "
                                 "give data of the kind that it was trained on");
  auto parser = csv_parser::open(file, settings.delimiter);
  if (!parser) return parser.failure();
  auto data = empty_dataset(file, {{static_cast<std::int64_t>(known.scaling.size())}}, known);
  data.scaling = known.scaling;
  csv_labels named;
  std::optional<learned_columns> columns;
  auto& rows = data.test;
  const bool wants_labels = known.target.is_numbers();
  for (;;) {
    const auto more = parser->next();
    if (!more) return more.failure();
    if (!*more) break;
    if (!columns) {
      auto found = learned_table_layout(*parser, settings, known).find();
      if (!found) return found.failure();
      columns = std::move(*found);
      if (columns->has_header) continue;
    }
    if (parser->fields().size() != columns->fields)
      return error::data(fmt::format("{}: {} fields where the first row has {}; make all rows alike",
                                     parser->position(std::min(parser->fields().size(), columns->fields)),
                                     parser->fields().size(), columns->fields));
    if (auto done = read_features(*parser, *columns, known, rows.floats); !done) return done.failure();
    if (known.wants_targets)
      if (auto done = read_targets(*parser, *columns, wants_labels, named, rows.values); !done) return done.failure();
    if (++rows.count == most_rows) return error::data(file + ": more than 2^31 - 1 rows; use a part of them");
  }
  if (rows.count == 0) return error::data(file + ": no rows of data; a row a sample is expected");
  if (!known.wants_targets) {
    fill_missing_targets(known, rows);
    return data;
  }
  if (!wants_labels) return data;
  const auto classes = classes_of(file, named.different(), known);
  if (!classes) return classes.failure();
  for (const auto index : named.of_rows()) rows.labels.push_back((*classes)[static_cast<std::size_t>(index)]);
  return data;
}

} // namespace syngrad
