#include "runtime/data/csv.hpp"

#include "runtime/data/csv_labels.hpp"
#include "runtime/data/csv_parser.hpp"
#include "runtime/data/row_split.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/result.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace syngrad {

// A table as it stands in a file: features, and a column of labels or some of values.
struct csv_table {
  std::string file;
  std::vector<std::string> header;   // empty: none
  std::size_t fields = 0;            // in every row
  std::vector<std::size_t> targets;  // indices of their fields
  bool has_labels = true;            // the targets: one field of labels; else values
  std::vector<double> values;        // [rows, features]
  csv_labels labels;                 // where it has them
  std::vector<double> target_values; // [rows, targets], where it has not
  std::vector<std::string> notes;    // how the file was understood, where that is not plain

  std::size_t features() const { return fields - targets.size(); }
  std::size_t rows() const { return has_labels ? labels.rows() : target_values.size() / targets.size(); }
  // Which of the targets the field is; none: a feature.
  std::optional<std::size_t> target_of(std::size_t field) const {
    const auto found = std::find(targets.begin(), targets.end(), field);
    return found == targets.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - targets.begin()));
  }
  std::string label_place() const;                // "FILE: column 3 ('kind')"
  std::vector<std::string> feature_names() const; // empty ones without a header
};

// Errors name file, line and column.
result<csv_table> read_csv_table(const std::string& file, const csv_settings& settings);

namespace {

constexpr std::size_t most_rows = std::numeric_limits<std::int32_t>::max();

std::string quote_list(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i ? ", " : "") + quoted_begin(names[i]);
  return names.size() > shown ? text + ", ..." : text;
}

bool all_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// The names in the comment before the first row, if there is one for each of its fields.
std::vector<std::string> names_in_comment(const csv_preamble& preamble, std::size_t fields) {
  std::vector<std::string> names(1);
  for (const char byte : preamble.comment) {
    const bool separates = byte == preamble.delimiter;
    if (separates && (byte != ' ' || !names.back().empty())) names.emplace_back();
    if (!separates && (byte != ' ' || !names.back().empty())) names.back() += byte;
  }
  const bool named =
    std::none_of(names.begin(), names.end(), [](const auto& name) { return name.empty() || is_csv_number(name); });
  return named && names.size() == fields ? names : std::vector<std::string>();
}

// The index of the column that `wanted` names; `names` may be empty. A number is the number of a column.
result<std::size_t> find_column(const std::string& file, const std::string& wanted,
                                const std::vector<std::string>& names, std::size_t fields, const char* what) {
  if (all_digits(wanted)) {
    if (const auto index = parse_number<std::size_t>(wanted); index && *index < fields) return *index;
  } else if (const auto found = std::find(names.begin(), names.end(), wanted); found != names.end()) {
    if (std::find(found + 1, names.end(), wanted) != names.end())
      return error::setting(file + ": two columns are called " + quoted_begin(wanted) +
                            "; give the number of one, from 0");
    return static_cast<std::size_t>(found - names.begin());
  }
  return error::setting(file + ": no " + what + " column " + quoted_begin(wanted) + "; give a number of 0.." +
                        std::to_string(fields - 1) + ", or a name of the first row: " + quote_list(names));
}

void note_comments(const csv_preamble& before, bool hold_header, csv_table& into) {
  const auto note = [&](std::int64_t line, const std::string& what) {
    into.notes.push_back(into.file + ": line " + std::to_string(line) + ": " + what);
  };
  if (hold_header)
    note(before.lines, "a comment, taken for the header");
  else if (before.comments == 1)
    note(before.first_comment, "a comment, left out");
  else if (before.comments > 1)
    note(before.first_comment, "the first of " + std::to_string(before.comments) + " comments, left out");
}

// A first row of nothing but numbers, and a label in text, is data; so is one with text below a comment that names all
// columns, unless it is nothing but text.
void find_header(const csv_parser& parser, const std::vector<std::string>& in_comment, bool target_by_name,
                 csv_table& into) {
  const auto& first = parser.fields();
  std::size_t texts = 0, first_text = 0; // of what should be numbers
  for (std::size_t i = first.size(); i-- > 0;) {
    if ((into.has_labels && into.target_of(i)) || first[i].empty() || is_csv_number(first[i]) ||
        has_decimal_comma(first[i]))
      continue;
    first_text = i;
    ++texts;
  }
  const bool all_text = texts == (into.has_labels ? into.features() : into.fields),
             by_comment = !in_comment.empty() && !all_text;
  note_comments(parser.preamble(), by_comment, into);
  if (by_comment) {
    into.header = in_comment;
  } else if (texts > 0 || target_by_name) {
    into.header = first;
    if (texts > 0 && !all_text)
      into.notes.push_back(parser.position(first_text) + ": " + quoted_begin(first[first_text]) +
                           " is no number, so this line is taken for a header");
  }
}

// Which columns the user names as targets; none: the last.
std::vector<std::string> wanted_targets(const csv_settings& settings) {
  if (!settings.target_columns.empty()) return settings.target_columns;
  if (settings.label_column) return {*settings.label_column};
  return {};
}

// Decides from the first row which fields are targets and whether the row is a header.
status read_layout(const csv_parser& parser, const csv_settings& settings, csv_table& into) {
  const auto& first = parser.fields();
  into.fields = first.size();
  if (into.fields < 2) {
    return error::data(parser.position(0) + ": a single column, separated by " +
                       delimiter_name(parser.preamble().delimiter) +
                       "; features and a target are expected: say --delimiter with what separates them");
  }
  const auto in_comment = names_in_comment(parser.preamble(), into.fields);
  into.has_labels = !settings.takes_values;
  bool by_name = false;
  for (const auto& wanted : wanted_targets(settings)) {
    const bool in_row = in_comment.empty() || std::find(first.begin(), first.end(), wanted) != first.end();
    const auto found =
      find_column(into.file, wanted, in_row ? first : in_comment, into.fields, into.has_labels ? "label" : "target");
    if (!found) return found.failure();
    if (into.target_of(*found))
      return error::setting(into.file + ": the target column " + quoted_begin(wanted) +
                            " is named twice; name each once");
    into.targets.push_back(*found);
    by_name = by_name || !all_digits(wanted);
  }
  if (into.targets.empty()) into.targets.push_back(into.fields - 1);
  if (into.features() == 0)
    return error::setting(into.file + ": all " + std::to_string(into.fields) +
                          " columns are targets; leave one to predict them from");
  find_header(parser, in_comment, by_name, into);
  return ok();
}

std::string position(const csv_parser& parser, const csv_table& into, std::size_t field) {
  return parser.position(field) + (into.header.empty() ? "" : " (" + quoted_begin(into.header[field]) + ")");
}

status read_row(const csv_parser& parser, csv_table& into) {
  const auto& fields = parser.fields();
  if (fields.size() != into.fields) {
    return error::data(parser.position(std::min(fields.size(), into.fields)) + ": " + std::to_string(fields.size()) +
                       (fields.size() == 1 ? " field" : " fields") + " where the first row has " +
                       std::to_string(into.fields) + "; make all rows alike");
  }
  if (into.rows() == most_rows) return error::data(into.file + ": more than 2^31 - 1 rows; use a part of them");
  if (!into.has_labels) into.target_values.resize(into.target_values.size() + into.targets.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& text = fields[i];
    const auto target = into.target_of(i);
    if (target && into.has_labels) {
      if (auto added = into.labels.add(text, parser.line()); !added)
        return added.failure().prefixed(position(parser, into, i) + ": ");
      continue;
    }
    const auto value = read_csv_value(text);
    if (!value) return value.failure().prefixed(position(parser, into, i) + ": ");
    if (target)
      into.target_values[into.target_values.size() - into.targets.size() + *target] = *value;
    else
      into.values.push_back(*value);
  }
  return ok();
}

// A header of numbers and the title of the labels, such as 0, 1, 2, label: only the labels below it give it away.
void find_late_header(const std::vector<std::string>& first, std::int64_t line, csv_table& into) {
  if (!into.has_labels || !into.header.empty() || !into.labels.begin_with_a_title()) return;
  into.header = first;
  into.values.erase(into.values.begin(), into.values.begin() + static_cast<std::ptrdiff_t>(into.features()));
  into.labels.drop_first_row();
  into.notes.push_back(into.file + ": line " + std::to_string(line) + " is taken for a header: its label " +
                       quoted_begin(first[into.targets[0]]) + " is the only one that is no number");
}

// A first column that counts the rows, as programs add it when they save a table.
void note_index(csv_table& into) {
  constexpr std::size_t enough = 10;
  const auto rows = into.rows(), width = into.features();
  if (rows < enough) return;
  for (std::size_t row = 1; row < rows; ++row)
    if (into.values[row * width] != into.values[0] + static_cast<double>(row)) return;
  std::size_t column = 1;
  while (into.target_of(column - 1)) ++column;
  into.notes.push_back(into.file + ": column " + std::to_string(column) +
                       " counts the rows, and is trained on as a feature; remove it if it is an index");
}

} // namespace

std::string csv_table::label_place() const {
  const auto field = targets[0];
  return file + ": column " + std::to_string(field + 1) +
         (header.empty() ? "" : " (" + quoted_begin(header[field]) + ")");
}

std::vector<std::string> csv_table::feature_names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fields; ++i)
    if (!target_of(i)) names.push_back(header.empty() ? "" : header[i]);
  return names;
}

result<csv_table> read_csv_table(const std::string& file, const csv_settings& settings) {
  auto parser = csv_parser::open(file, settings.delimiter);
  if (!parser) return parser.failure();
  csv_table into;
  into.file = file;
  if (const auto& note = parser->preamble().note; !note.empty()) into.notes.push_back(file + ": " + note);
  std::vector<std::string> first;
  std::int64_t first_line = 0;
  for (;;) {
    const auto more = parser->next();
    if (!more) return more.failure();
    if (!*more) break;
    if (first.empty()) {
      if (auto done = read_layout(*parser, settings, into); !done) return done.failure();
      first = parser->fields();
      first_line = parser->line();
      if (into.header == first) continue;
    }
    if (auto done = read_row(*parser, into); !done) return done.failure();
  }
  if (into.rows() == 0) return error::data(file + ": no rows of data; a row a sample is expected");
  find_late_header(first, first_line, into);
  note_index(into);
  if (const auto spellings = into.labels.spellings(); !spellings.empty())
    into.notes.push_back(into.label_place() + ": " + spellings);
  return into;
}

namespace {

// What turns each feature into one of mean 0 and variance 1.
std::vector<feature_scaling> measure(const csv_table& from, std::span<const std::int32_t> rows) {
  const auto width = from.features();
  const auto value = [&](std::int32_t row, std::size_t feature) {
    return from.values[static_cast<std::size_t>(row) * width + feature];
  };
  const auto count = static_cast<double>(rows.size());
  const auto names = from.feature_names();
  std::vector<feature_scaling> scaling(width);
  for (std::size_t feature = 0; feature < width; ++feature) {
    double sum = 0;
    bool constant = true;
    for (const auto row : rows) {
      sum += value(row, feature);
      constant = constant && value(row, feature) == value(rows[0], feature);
    }
    const double mean = sum / count;
    double squares = 0;
    for (const auto row : rows) squares += (value(row, feature) - mean) * (value(row, feature) - mean);
    const double deviation = std::sqrt(squares / count);
    scaling[feature] = {names[feature], mean, constant || deviation == 0 ? 0 : 1 / deviation};
  }
  return scaling;
}

// `numbering` null: targets are values.
sample_set gather(const csv_table& from, const label_numbering* numbering, std::span<const feature_scaling> scaling,
                  std::span<const std::int32_t> rows) {
  const auto width = from.features();
  sample_set samples;
  samples.count = static_cast<std::int64_t>(rows.size());
  samples.floats.reserve(rows.size() * width);
  for (const auto row : rows) {
    const auto* values = from.values.data() + static_cast<std::size_t>(row) * width;
    for (std::size_t feature = 0; feature < width; ++feature)
      samples.floats.push_back(scaling[feature].of(values[feature]));
    if (numbering) {
      const auto label = from.labels.of_rows()[static_cast<std::size_t>(row)];
      samples.labels.push_back(numbering->class_of[static_cast<std::size_t>(label)]);
      continue;
    }
    const auto* targets = from.target_values.data() + static_cast<std::size_t>(row) * from.targets.size();
    for (std::size_t i = 0; i < from.targets.size(); ++i) samples.values.push_back(static_cast<float>(targets[i]));
  }
  return samples;
}

// Of a table that has labels.
result<label_numbering> number_table_labels(const csv_table& table, std::optional<label_rule> rule) {
  const auto& labels = table.labels.different();
  if (labels.size() < 2)
    return error::data(table.label_place() + ": all rows have the same label, " + quoted_begin(labels[0].text) +
                       "; check that --label-column names the column of classes");
  return number_labels(table.label_place(), labels, rule);
}

} // namespace

result<dataset> load_csv(const std::string& file, const csv_settings& settings) {
  auto read = read_csv_table(file, settings);
  if (!read) return read.failure();
  dataset data;
  data.name = file;
  data.input = {{static_cast<std::int64_t>(read->features())}};
  data.target = {{static_cast<std::int64_t>(read->targets.size())}};
  data.notes = read->notes;
  std::optional<label_numbering> numbering;
  if (read->has_labels) {
    auto numbered = number_table_labels(*read, settings.labels);
    if (!numbered) return numbered.failure();
    numbering = std::move(*numbered);
    data.target = label_spec(numbering->classes);
    data.class_names = numbering->names;
    data.notes.insert(data.notes.end(), numbering->notes.begin(), numbering->notes.end());
  }
  const auto rows = split_rows(file, read->rows(), settings.test_fraction, settings.seed);
  if (!rows) return rows.failure();
  data.scaling = measure(*read, rows->train());
  const auto* of_labels = numbering ? &*numbering : nullptr;
  data.train = gather(*read, of_labels, data.scaling, rows->train());
  data.test = gather(*read, of_labels, data.scaling, rows->test());
  return data;
}

} // namespace syngrad
