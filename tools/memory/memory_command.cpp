#include "actors/planned_memory.hpp"
#include "actors/update_policy.hpp"
#include "runtime/data/data_source.hpp"
#include "tools/memory/memory_text.hpp"
#include "tools/subcommand.hpp"
#include "tools/train/resolve.hpp"
#include "tools/train/train_options.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

struct memory_options {
  std::vector<std::string> models; // at most one
  train_options train;
  std::string format = "table";
};

// All options of a training are read, as its run.ini has them; those on which memory depends are explained.
option_reader make_memory_option_reader(memory_options& o) {
  auto groups = train_option_table(o.train);
  groups.back().rows.push_back(choice("format", o.format, {"table", "json", "csv"}, "For people, or for programs"));
  option_reader reader(std::move(groups), {{"groups", "split"}, {"steps", "epochs"}, {"target", "target-error"}});
  reader.take_words(o.models);
  return reader;
}

std::vector<option_group> explained_to_tell_memory(const option_reader& reader) {
  auto out = rows_named(
    {"groups",        "split",     "data",         "augment",       "windows",   "unroll",    "objective",
     "policy",        "sg",        "condition",    "sg-rows",       "optimizer", "momentum",  "moments",
     "muon-every",    "clip-norm", "sg-optimizer", "batch",         "steps",     "recompute", "lag",
     "credits",       "threads",   "correct-rows", "config",        "format",    "help",      "pipeline-schedule",
     "micro-batches", "weights",   "update",       "error-feedback"},
    reader.groups());
  for (auto& group : out)
    for (auto& row : group.rows)
      if (row.name == "data") row.shown_default = "none is read, and the samples are not counted";
  return out;
}

// The option by which batches in flight are bounded.
std::string what_limits(const training_settings& settings) {
  if (capabilities_of(settings).cuts_batches) return "--pipeline-schedule " + settings.pipeline.text();
  return "--credits " + std::to_string(settings.credits);
}

result<planned_memory> find_memory(train_options& options, const option_reader& reader) {
  auto model = resolve_model(options, reader);
  if (!model) return model.failure();
  if (!reader.given("data")) return memory_of_run(options.settings, std::move(*model));
  const auto reading = data_settings_for(options.data, options.settings, *model);
  if (!reading) return reading.failure();
  const auto data = open_dataset(options.data.source, *reading);
  if (!data) return data.failure().prefixed("--data: ");
  if (auto fits = resolve_data(options, *model, *data); !fits) return fits.failure();
  return memory_of_run(options.settings, std::move(*model), &*data);
}

} // namespace

exit_code run_memory(std::span<const std::string> arguments) {
  memory_options options;
  auto reader = make_memory_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout
      << "Usage: syngrad memory [MODEL] [OPTION]...\n\n"
         "Tells before a run what it will hold in memory: of each group its weights, their gradients and\n"
         "moments, its predictor and the caches of batches in flight; the batches of data; all of it at once. The\n"
         "options are those of `syngrad train`; some of its steps are made on a device that counts memory and\n"
         "does nothing. Beside it a process takes some for itself, and keeps room to spare. The summary.json of\n"
         "the run has what it was, in the same words.\n"
         "Defaults stand in brackets.\n\n"
      << format_option_help(explained_to_tell_memory(reader))
      << "Examples:\n"
         "  syngrad memory\n"
         "  syngrad memory gpt:12x768,heads=12,context=1024,vocab=50257 --batch 8 --optimizer adamw --groups 4\n"
         "  syngrad memory resnet:56 --batch 128 --policy locked --recompute\n"
         "  syngrad memory --config runs/NAME/run.ini --format json\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("memory", read.failure());
  if (options.models.size() > 1)
    return refuse_command("memory", error::setting("expected one model, got '" + options.models[0] + "' and '" +
                                                   options.models[1] + "'; ask for one after the other"));
  if (!options.models.empty()) options.train.settings.model = options.models.front();
  const auto found = find_memory(options.train, reader);
  if (!found) return refuse_command("memory", found.failure());
  std::cout << (options.format == "json"  ? format_memory_json(*found)
                : options.format == "csv" ? format_memory_csv(*found)
                                          : format_memory_table(*found, what_limits(options.train.settings)))
            << std::flush;
  return exit_code::done;
}

} // namespace syngrad::tools
