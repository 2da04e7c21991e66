#include "tools/trained/given_data.hpp"

#include "runtime/data/data_source.hpp"
#include "runtime/text.hpp"

#include <array>
#include <fmt/core.h>
#include <string_view>
#include <utility>

namespace syngrad::tools {

namespace {

// "csv:FILE" of a file "FILE.csv".
std::string with_kind(const std::string& source) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> endings{
    {{".csv", "csv:"}, {".csv.gz", "csv:"}, {".tsv", "csv:"}, {".npz", "npz:"}, {".npy", "npy:"}}};
  if (source.find(':') != source.npos) return source;
  for (const auto& [ending, kind] : endings)
    if (source.ends_with(ending)) return std::string(kind) + source;
  return source;
}

sample_spec judged_target(const trained_run& run, bool labels) {
  const auto output = infer_specs(run.net)->back();
  if (!labels) return output;
  const auto classes =
    run.facts.class_names.empty() ? output.features() : static_cast<std::int64_t>(run.facts.class_names.size());
  auto target = label_spec(static_cast<std::int32_t>(classes));
  if (output.rows() > 1) target.extents = {output.rows()};
  return target;
}

learned_data learned_by(const trained_run& run, bool labels, bool wants_targets) {
  return {run.net.input,      judged_target(run, labels), run.facts.class_names,
          run.facts.features, run.facts.tokens,           wants_targets};
}

status check_unchanged(const trained_run& run, const dataset& data) {
  const auto& then = run.facts;
  const auto tokens = [](const std::optional<vocabulary>& of) { return of ? of->size() : 0; };
  const bool same_text = tokens(then.tokens) == tokens(data.tokens) &&
                         (!then.tokens || then.tokens->characters() == data.tokens->characters());
  const auto* what = then.class_names != data.class_names ? "other classes"
                     : then.features != data.scaling      ? "other features, or other values of them"
                     : !same_text                         ? "another vocabulary"
                                                          : nullptr;
  if (!what) return ok();
  return error::data(fmt::format("{}: has {} than when the run {} was trained on it, so its test rows are not those of "
                                 "the run; --data {} takes all of it as new data",
                                 run.facts.source, what, run.folder, run.facts.source));
}

status check_taken(const trained_run& run, const dataset& data) {
  const auto &takes = run.net.input, &given = data.input;
  const auto output = infer_specs(run.net)->back();
  const bool fits = takes.type == given.type && takes.elements() == given.elements() &&
                    (takes.extents == given.extents || takes.extents.rank() < 2 || given.extents.rank() < 2);
  if (!fits)
    return error::data(fmt::format("'{}' has samples of {}, but {} takes {}; give data like that of the run, {}",
                                   data.name, given.to_string(), run.net.description, takes.to_string(),
                                   run.facts.source));
  if (takes.categories > 0 && given.categories > takes.categories)
    return error::data(fmt::format("'{}' has tokens up to {}, but {} takes those below {}", data.name,
                                   given.categories - 1, run.net.description, takes.categories));
  const bool judged = data.target.is_numbers() ? data.target.categories <= output.features()
                                               : data.target.features() == output.features();
  if (!judged || data.target.rows() != output.rows() || data.class_names != run.facts.class_names)
    return error::data(fmt::format("'{}' has other targets than {}, the data of the run; give data with the same ones",
                                   data.name, run.facts.source));
  if (const auto factor = double{data.test.scale()}; factor != run.facts.factor)
    return error::data(fmt::format("'{}' has {}, the data of the run had {}; give them in the same form", data.name,
                                   factor == 1 ? "numbers that are taken as they are" : "bytes, which become 0 to 1",
                                   factor == 1 ? "bytes, which became 0 to 1" : "numbers that were taken as they are"));
  return ok();
}

} // namespace

result<dataset> open_given_data(const trained_run& run, const std::string& source, bool wants_targets) {
  auto options = run.options.data;
  options.source = source.empty() ? run.facts.source : with_kind(source);
  auto reading = data_settings_for(options, run.options.settings, run.net);
  if (!reading) return reading.failure();
  const bool own = source.empty() && wants_targets;
  if (!own) reading->learned = learned_by(run, !reading->takes_values, wants_targets);
  auto data = open_dataset(options.source, *reading);
  if (!data) return data.failure().prefixed("--data: ");
  if (own)
    if (auto good = check_unchanged(run, *data); !good) return good.failure();
  if (auto good = check_taken(run, *data); !good) return good.failure().prefixed("--data: ");
  return data;
}

} // namespace syngrad::tools
