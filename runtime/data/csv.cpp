#include "runtime/data/csv.hpp"

#include "runtime/data/csv_table.hpp"
#include "runtime/data/shuffle.hpp"
#include "runtime/io/text_file.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace syngrad {
namespace {

constexpr std::uint64_t test_rows_purpose = 0x637376; // keeps this permutation apart from the others of the same seed
constexpr double furthest_deviation = 1e6; // an outlier beyond so many deviations stays finite in all later arithmetic

// What turns a feature into one of mean 0 and variance 1.
struct standard {
  double mean;
  double factor;
};

std::vector<standard> measure(const csv_table& from, std::span<const std::int32_t> rows) {
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

sample_set gather(const csv_table& from, const label_numbering& numbering, const std::vector<standard>& standards,
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
    const auto label = from.labels.of_rows()[static_cast<std::size_t>(row)];
    samples.labels.push_back(numbering.class_of[static_cast<std::size_t>(label)]);
  }
  return samples;
}

} // namespace

result<dataset> load_csv(const std::string& file, const csv_settings& settings) {
  const auto fraction = settings.test_fraction;
  if (!(fraction > 0 && fraction < 1))
    return error{"--test-fraction: a number between 0 and 1 is expected, not " + std::to_string(fraction)};
  auto read = read_csv_table(file, settings);
  if (!read) return read.failure();
  const auto& labels = read->labels.different();
  if (labels.size() < 2) {
    return error{read->label_place() + ": all rows have the same label, " + quoted_begin(labels[0].text) +
                 "; check that --label-column names the column of classes"};
  }
  auto numbering = number_labels(read->label_place(), labels, settings.labels);
  if (!numbering) return numbering.failure();
  const auto rows = read->labels.rows();
  const auto test_rows = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(rows)));
  if (test_rows == 0 || test_rows == rows) {
    return error{file + ": with --test-fraction " + std::to_string(fraction) + ", " + std::to_string(rows) +
                 " rows leave the test or the training set empty; choose another fraction"};
  }

  random_source random(settings.seed ^ test_rows_purpose, 0);
  const auto order = shuffled_indices(rows, random);
  const auto test = std::span(order).first(test_rows);
  const auto train = std::span(order).subspan(test_rows);
  const auto standards = measure(*read, train);

  dataset data;
  data.name = file;
  data.input = {{static_cast<std::int64_t>(read->features())}};
  data.target = label_spec(numbering->classes);
  data.train = gather(*read, *numbering, standards, train);
  data.test = gather(*read, *numbering, standards, test);
  data.class_names = std::move(numbering->names);
  data.notes = std::move(read->notes);
  data.notes.insert(data.notes.end(), numbering->notes.begin(), numbering->notes.end());
  return data;
}

} // namespace syngrad
