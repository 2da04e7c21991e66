#include "runtime/data/csv.hpp"

#include "runtime/data/csv_labels.hpp"
#include "runtime/data/csv_parser.hpp"
#include "runtime/data/shuffle.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace syngrad {
namespace {

constexpr std::uint64_t purpose = 0x637376; // keeps this permutation apart from the others of the same seed
constexpr double largest_value = std::numeric_limits<float>::max();
constexpr double furthest_deviation = 1e6; // an outlier beyond so many deviations stays finite in all later arithmetic
constexpr std::size_t most_rows = std::numeric_limits<std::int32_t>::max();

struct number {
  enum class kind { finite, not_finite, too_large, none } kind;
  double value;
};

number parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ptr != end) return {number::kind::none, 0};
  if (parsed.ec == std::errc::result_out_of_range) {
    // from_chars says no more than that: either way the value is left alone.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    return tiny ? number{number::kind::finite, 0} : number{number::kind::too_large, 0};
  }
  if (!std::isfinite(value)) return {number::kind::not_finite, value};
  if (std::abs(value) > largest_value) return {number::kind::too_large, value};
  return {number::kind::finite, value};
}

// The rows of a file while it is read.
struct table {
  std::string file;
  std::vector<std::string> header; // empty: none
  std::size_t fields = 0;          // in every row
  std::size_t label = 0;           // index of the label's field
  std::vector<double> values;      // [rows, fields - 1]
  csv_labels labels;

  std::size_t features() const { return fields - 1; }
};

bool all_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// `text` from a file as part of a message of one line: quoted, shortened, without control characters.
std::string quote(std::string_view text) {
  constexpr std::size_t shown = 40;
  std::string quoted = "'";
  for (const char byte : text.substr(0, shown)) quoted += byte >= 0 && byte < ' ' ? '?' : byte;
  return quoted + (text.size() > shown ? "...'" : "'");
}

std::string quote(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i ? ", " : "") + quote(names[i]);
  return names.size() > shown ? text + ", ..." : text;
}

// Decides from the first row which field is the label and whether the row is a header.
status read_layout(const std::vector<std::string>& first, const csv_settings& settings, table& into) {
  into.fields = first.size();
  if (into.fields < 2)
    return error{into.file + ": a single column; expected features and a label, separated by commas"};
  into.label = into.fields - 1;
  bool named = false;
  if (const auto& wanted = settings.label_column) {
    const auto found = std::find(first.begin(), first.end(), *wanted);
    named = found != first.end() && !all_digits(*wanted);
    if (named) {
      into.label = static_cast<std::size_t>(found - first.begin());
    } else {
      std::size_t index = into.fields;
      if (all_digits(*wanted)) std::from_chars(wanted->data(), wanted->data() + wanted->size(), index);
      if (index >= into.fields) {
        return error{into.file + ": no label column " + quote(*wanted) + "; give a number of 0.." +
                     std::to_string(into.fields - 1) + ", or a name of the first row: " + quote(first)};
      }
      into.label = index;
    }
  }
  bool text = false;
  for (std::size_t i = 0; i < first.size(); ++i)
    text = text || (i != into.label && !first[i].empty() && parse_number(first[i]).kind == number::kind::none);
  if (named || text) into.header = first;
  return ok();
}

std::string place(const csv_parser& parser, const table& into, std::size_t field) {
  return parser.place(field) + (into.header.empty() ? "" : " (" + quote(into.header[field]) + ")");
}

status read_row(const csv_parser& parser, table& into) {
  const auto& fields = parser.fields();
  if (fields.size() != into.fields) {
    return error{parser.place(std::min(fields.size(), into.fields)) + ": " + std::to_string(fields.size()) +
                 " fields where the first row has " + std::to_string(into.fields) + "; make all rows alike"};
  }
  if (into.labels.rows() == most_rows) return error{into.file + ": more than 2^31 - 1 rows; use a part of them"};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& text = fields[i];
    if (text.empty()) return error{place(parser, into, i) + ": nothing there; fill it in or remove the row"};
    if (i == into.label) {
      if (!into.labels.add(text)) {
        return error{place(parser, into, i) + ": more than " + std::to_string(csv_labels::most_classes) +
                     " different labels; name the column of classes with --label-column"};
      }
      continue;
    }
    const auto parsed = parse_number(text);
    switch (parsed.kind) {
    case number::kind::finite:
      into.values.push_back(parsed.value);
      break;
    case number::kind::not_finite:
      return error{place(parser, into, i) + ": " + quote(text) + "; replace it with a finite number or remove the row"};
    case number::kind::too_large:
      return error{place(parser, into, i) + ": " + quote(text) + " does not fit a 32-bit float; use another unit"};
    case number::kind::none:
      return error{place(parser, into, i) + ": " + quote(text) + " is not a number; features must be numbers"};
    }
  }
  return ok();
}

result<table> read_table(const std::string& file, const csv_settings& settings) {
  auto parser = csv_parser::open(file);
  if (!parser) return parser.failure();
  table into;
  into.file = file;
  for (bool first = true;; first = false) {
    const auto more = parser->next();
    if (!more) return more.failure();
    if (!*more) break;
    if (first) {
      if (auto done = read_layout(parser->fields(), settings, into); !done) return done.failure();
      if (!into.header.empty()) continue;
    }
    if (auto done = read_row(*parser, into); !done) return done.failure();
  }
  if (into.labels.rows() == 0) return error{file + ": no rows of data; a row a sample is expected"};
  return into;
}

// What turns a feature into one of mean 0 and variance 1.
struct standard {
  double mean;
  double factor;
};

std::vector<standard> measure(const table& from, std::span<const std::int32_t> rows) {
  const auto width = from.features();
  const auto value = [&](std::int32_t row, std::size_t feature) {
    return from.values[static_cast<std::size_t>(row) * width + feature];
  };
  const auto count = static_cast<double>(rows.size());
  std::vector<standard> standards(width);
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
    standards[feature] = {mean, constant || deviation == 0 ? 0 : 1 / deviation};
  }
  return standards;
}

sample_set gather(const table& from, const csv_labels::encoding& classes, const std::vector<standard>& standards,
                  std::span<const std::int32_t> rows) {
  const auto width = from.features();
  sample_set samples;
  samples.count = static_cast<std::int64_t>(rows.size());
  samples.floats.reserve(rows.size() * width);
  samples.labels.reserve(rows.size());
  for (const auto row : rows) {
    const auto* values = from.values.data() + static_cast<std::size_t>(row) * width;
    for (std::size_t feature = 0; feature < width; ++feature) {
      const auto scaled = (values[feature] - standards[feature].mean) * standards[feature].factor;
      samples.floats.push_back(static_cast<float>(std::clamp(scaled, -furthest_deviation, furthest_deviation)));
    }
    samples.labels.push_back(classes.labels[static_cast<std::size_t>(row)]);
  }
  return samples;
}

} // namespace

result<dataset> load_csv(const std::string& file, const csv_settings& settings) {
  const auto fraction = settings.test_fraction;
  if (!(fraction > 0 && fraction < 1))
    return error{"--test-fraction: a number between 0 and 1 is expected, not " + std::to_string(fraction)};
  auto read = read_table(file, settings);
  if (!read) return read.failure();
  const auto classes = read->labels.encode();
  if (classes.distinct < 2) {
    return error{file + ": all rows have the same label; check that --label-column names the column of classes"};
  }
  const auto rows = read->labels.rows();
  const auto test_rows = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(rows)));
  if (test_rows == 0 || test_rows == rows) {
    return error{file + ": with --test-fraction " + std::to_string(fraction) + ", " + std::to_string(rows) +
                 " rows leave the test or the training set empty; choose another fraction"};
  }

  random_source random(settings.seed ^ purpose, 0);
  const auto order = shuffled_indices(rows, random);
  const auto test = std::span(order).first(test_rows);
  const auto train = std::span(order).subspan(test_rows);
  const auto standards = measure(*read, train);

  dataset data;
  data.name = file;
  data.features = static_cast<std::int64_t>(read->features());
  data.classes = classes.classes;
  data.train = gather(*read, classes, standards, train);
  data.test = gather(*read, classes, standards, test);
  return data;
}

} // namespace syngrad
