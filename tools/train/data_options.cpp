#include "tools/train/data_options.hpp"

#include "runtime/data/csv_parser.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <string_view>

namespace syngrad::tools {

namespace {

// Makes a row of a text that is none while it is empty.
option_row optional_text(option_row row, const std::string& target, std::string shown_default) {
  row.get = [&target] { return target.empty() ? std::nullopt : std::optional(target); };
  row.shown_default = std::move(shown_default);
  return row;
}

// Kept by its name: a tab would not survive in an options file.
option_row delimiter_row(data_options& o) {
  auto row = text("delimiter", known_delimiters(), o.delimiter,
                  "What separates the fields of a csv file: a name, or the character itself");
  row.set = [&o](const std::string& value) -> status {
    const auto read = parse_delimiter(value);
    if (!read) return read.failure();
    o.delimiter = delimiter_name(*read);
    return ok();
  };
  return optional_text(std::move(row), o.delimiter, "the comma, or what the first row has instead");
}

option_row with_default(option_row row, std::string shown) {
  row.shown_default = std::move(shown);
  return row;
}

result<image_size> parse_image_size(const std::string& text) {
  constexpr std::int64_t most_side = 1 << 14;
  const auto sides = split_text(text, 'x');
  const auto height = parse_number<std::int64_t>(sides.front()), width = parse_number<std::int64_t>(sides.back());
  if (sides.size() > 2 || !height || !width || std::min(*height, *width) < 1 || std::max(*height, *width) > most_side)
    return error::setting("expected HEIGHTxWIDTH in pixels, or one number for both, up to " +
                          std::to_string(most_side) + ", got '" + text + "'; write for example --resize 32x32");
  return image_size{*height, *width};
}

option_row resize_row(data_options& o) {
  auto row = text("resize", "HEIGHTxWIDTH", o.resize, "Size that the images of images:DIR get, where they have others",
                  [](const std::string& value) -> status {
                    if (auto read = parse_image_size(value); !read) return read.failure();
                    return ok();
                  });
  return optional_text(std::move(row), o.resize, "theirs, which must be the same");
}

// Which kinds of data an option is for.
struct option_use {
  std::string_view option;
  std::vector<std::string_view> kinds;
};

const std::vector<option_use>& uses() {
  // clang-format off
  static const std::vector<option_use> all{
    {"label-column", {"csv"}},
    {"targets", {"csv"}},
    {"delimiter", {"csv"}},
    {"labels", {"csv", "mnist", "npz", "npy"}},
    {"resize", {"images"}},
    {"vocabulary", {"tokens"}},
    {"test-fraction", {"images", "csv", "npz", "npy", "text", "bytes"}},
  };
  // clang-format on
  return all;
}

bool is_text(std::string_view kind) {
  return kind == "text" || kind == "bytes" || kind == "tokens" || kind == "copy";
}

std::string kind_of(const data_options& options) {
  return options.source.substr(0, options.source.find(':'));
}

} // namespace

std::vector<option_row> data_rows(data_options& o) {
  auto column = optional_text(
    text("label-column", "NAME", o.label_column, "The csv column that holds the label: its name or number"),
    o.label_column, "the last");
  auto labels = optional_text(
    choice("labels", o.labels, {"as-is", "renumber"},
           "Classes are numbered from 0. as-is keeps numbers of labels, with outputs for those that are missing; "
           "renumber makes them 0, 1, ... in their order. Names are always numbered"),
    o.labels, "as-is, if they are 0, 1, ... without gaps");
  return {
    text("data", "DATA", o.source,
         known_data_sources() +
           ". digits is built in. mnist: the four IDX files, plain or .gz; where DIR holds several sets, as EMNIST's, "
           "DIR/PREFIX names one. cifar10: its binary form. images: PNG and JPEG files, a folder a class, or "
           "those below train and test. npz: arrays x, y and optionally x_test, y_test of "
           "numpy.savez; npy: X,Y or X,Y,X_TEST,Y_TEST, a file an array. text: the characters of a file in UTF-8; "
           "bytes: of any file; tokens: train.bin and "
           "val.bin with 16-bit tokens, as nanoGPT and llm.c write them. copy: episodes of up to LENGTH letters that "
           "are to be reproduced, up to REPEATS times: how far back does a recurrent network learn to look?"),
    std::move(column),
    optional_text(text("targets", "NAME,...", o.targets,
                       "With --objective mse, the csv columns that hold values to predict: names or numbers. All "
                       "others are features"),
                  o.targets, "the last"),
    std::move(labels),
    delimiter_row(o),
    resize_row(o),
    with_default(optional_number("vocabulary", o.vocabulary, 1, 1 << 16,
                                 "How many different tokens the files of tokens:DIR have; 50257 with GPT-2's"),
                 "the largest and one, of files below 256 MiB"),
    with_default(optional_real("test-fraction", "FRACTION", o.test_fraction, {0, 1, true, true},
                               "Share that is held out for the test where the data has no test set of its own: of the "
                               "rows, or the end of a text"),
                 "0.2 of rows, 0.1 of a text"),
  };
}

status check_data_options(const data_options& options, const option_reader& reader) {
  const auto kind = kind_of(options);
  for (const auto& [option, kinds] : uses()) {
    if (!reader.given(std::string(option)) || std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) continue;
    return option_error(std::string(option), "expected --data " + join_text(kinds, " or ", form_of_data_source) +
                                               " with it, got --data " + options.source + "; leave it out");
  }
  return ok();
}

result<data_settings> data_settings_for(const data_options& options, const training_settings& run,
                                        const network& model) {
  const auto judge = make_objective(run.objective);
  if (!judge) return judge.failure().prefixed("--objective: ");
  data_settings settings;
  settings.seed = run.seed;
  settings.takes_tokens = model.input.is_numbers();
  settings.takes_values = !(*judge)->takes_labels();
  if (!options.targets.empty()) {
    if (!settings.takes_values)
      return option_error("targets", "expected --objective mse with it, which takes values, got " + run.objective.name +
                                       "; --label-column names a column of labels");
    if (!options.label_column.empty())
      return option_error("targets", "expected without --label-column; name all columns of values here");
    for (const auto name : split_text(options.targets, ',')) settings.target_columns.emplace_back(name);
  }
  settings.test_fraction = options.test_fraction;
  if (!options.label_column.empty()) settings.label_column = options.label_column;
  if (!options.labels.empty())
    settings.labels = options.labels == "renumber" ? label_rule::renumber : label_rule::as_is;
  if (!options.delimiter.empty()) settings.delimiter = *parse_delimiter(options.delimiter);
  settings.vocabulary = options.vocabulary;
  if (!options.resize.empty()) settings.resize = *parse_image_size(options.resize);
  if (is_text(kind_of(options))) {
    if (!model.input.is_numbers() || model.input.elements() < 1)
      return option_error("model", "the data " + options.source + " has tokens, but " + model.description + " takes " +
                                     model.input.to_string() + "; use a network of tokens");
    settings.context = model.input.elements();
  }
  return settings;
}

} // namespace syngrad::tools
