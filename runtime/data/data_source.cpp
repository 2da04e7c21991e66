#include "runtime/data/data_source.hpp"

#include "runtime/data/array_source.hpp"
#include "runtime/data/cifar10.hpp"
#include "runtime/data/copy_task.hpp"
#include "runtime/data/csv.hpp"
#include "runtime/data/digits.hpp"
#include "runtime/data/idx.hpp"
#include "runtime/data/image_folder.hpp"
#include "runtime/data/text_source.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace syngrad {
namespace {

struct source_kind {
  std::string_view name;
  std::string_view argument; // what follows the colon; empty: nothing may
  result<dataset> (*open)(const std::string& argument, const data_settings&);
};

result<dataset> open_digits(const std::string&, const data_settings& settings) {
  return make_digits(settings.seed);
}

result<dataset> open_idx(const std::string& where, const data_settings& settings) {
  return load_idx(where, settings.labels);
}

double fraction_of_rows(const data_settings& settings) {
  return settings.test_fraction.value_or(usual_test_fraction_of_rows);
}

result<dataset> open_cifar10(const std::string& folder, const data_settings&) {
  return load_cifar10(folder);
}

result<dataset> open_csv(const std::string& file, const data_settings& settings) {
  csv_settings csv{settings.label_column, fraction_of_rows(settings), settings.seed, settings.labels,
                   settings.delimiter};
  csv.takes_values = settings.takes_values;
  csv.target_columns = settings.target_columns;
  if (settings.learned) return load_csv_as_learned(file, csv, *settings.learned);
  return load_csv(file, csv);
}

array_settings of_arrays(const data_settings& settings) {
  return {settings.takes_tokens, settings.takes_values, fraction_of_rows(settings), settings.seed, settings.labels};
}

result<dataset> open_npz(const std::string& file, const data_settings& settings) {
  return settings.learned ? load_npz_as_learned(file, *settings.learned) : load_npz(file, of_arrays(settings));
}

result<dataset> open_npy(const std::string& files, const data_settings& settings) {
  return settings.learned ? load_npy_as_learned(files, *settings.learned) : load_npy(files, of_arrays(settings));
}

result<dataset> open_images(const std::string& folder, const data_settings& settings) {
  image_settings images;
  images.resize = settings.resize;
  images.test_fraction = fraction_of_rows(settings);
  images.seed = settings.seed;
  return settings.learned ? load_images_as_learned(folder, images, *settings.learned)
                          : load_image_folder(folder, images);
}

double fraction_of_text(const data_settings& settings) {
  return settings.test_fraction.value_or(usual_test_fraction_of_text);
}

result<dataset> open_text(const std::string& file, const data_settings& settings) {
  if (settings.learned && settings.learned->tokens) return load_text_as_learned(file, *settings.learned->tokens);
  return load_text(file, fraction_of_text(settings));
}

result<dataset> open_bytes(const std::string& file, const data_settings& settings) {
  return settings.learned ? load_bytes_as_learned(file) : load_bytes(file, fraction_of_text(settings));
}

result<dataset> open_tokens(const std::string& folder, const data_settings& settings) {
  return load_tokens(folder, settings.vocabulary);
}

result<dataset> open_copy(const std::string& sizes, const data_settings& settings) {
  return make_copy_task(sizes, settings.seed);
}

// clang-format off
constexpr std::array source_kinds{
  source_kind{"digits", "", open_digits},
  source_kind{"mnist", "DIR", open_idx},
  source_kind{"cifar10", "DIR", open_cifar10},
  source_kind{"images", "DIR", open_images},
  source_kind{"csv", "FILE", open_csv},
  source_kind{"npz", "FILE", open_npz},
  source_kind{"npy", "X,Y", open_npy},
  source_kind{"text", "FILE", open_text},
  source_kind{"bytes", "FILE", open_bytes},
  source_kind{"tokens", "DIR", open_tokens},
  source_kind{"copy", "LENGTH[xREPEATS]", open_copy},
};
// clang-format on

std::string form(const source_kind& kind) {
  std::string text(kind.name);
  if (!kind.argument.empty()) text.append(":").append(kind.argument);
  return text;
}

} // namespace

std::string known_data_sources() {
  return join_text(source_kinds, " | ", form);
}

std::string form_of_data_source(std::string_view name) {
  return form(
    *std::find_if(source_kinds.begin(), source_kinds.end(), [&](const auto& known) { return known.name == name; }));
}

result<dataset> open_dataset(const std::string& specification, const data_settings& settings) {
  const auto colon = specification.find(':');
  const auto name = specification.substr(0, colon);
  const auto argument = colon == specification.npos ? std::string() : specification.substr(colon + 1);
  const auto kind =
    std::find_if(source_kinds.begin(), source_kinds.end(), [&](const auto& known) { return known.name == name; });
  if (kind == source_kinds.end() || kind->argument.empty() != argument.empty() ||
      (kind->argument.empty() && colon != specification.npos)) {
    const auto expected = kind == source_kinds.end() ? known_data_sources() : form(*kind);
    return error::setting("--data " + specification + ": expected " + expected);
  }
  auto data = kind->open(argument, settings);
  if (!data || !data->tokens || !settings.context) return data;
  if (auto cut = cut_windows(*data, *settings.context); !cut) return cut.failure();
  return data;
}

} // namespace syngrad
