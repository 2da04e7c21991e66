#include "runtime/data/data_source.hpp"

#include "runtime/data/csv.hpp"
#include "runtime/data/digits.hpp"
#include "runtime/data/idx.hpp"

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

result<dataset> open_idx(const std::string& place, const data_settings& settings) {
  return load_idx(place, settings.labels);
}

result<dataset> open_csv(const std::string& file, const data_settings& settings) {
  return load_csv(file,
                  {settings.label_column, settings.test_fraction, settings.seed, settings.labels, settings.delimiter});
}

constexpr std::array source_kinds{
  source_kind{"digits", "", open_digits},
  source_kind{"mnist", "DIR", open_idx},
  source_kind{"csv", "FILE", open_csv},
};

std::string form(const source_kind& kind) {
  std::string text(kind.name);
  if (!kind.argument.empty()) text.append(":").append(kind.argument);
  return text;
}

} // namespace

std::string known_data_sources() {
  std::string forms;
  for (const auto& kind : source_kinds) forms += (forms.empty() ? "" : " | ") + form(kind);
  return forms;
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
  return kind->open(argument, settings);
}

} // namespace syngrad
