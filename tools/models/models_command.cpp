#include "actors/run_check.hpp"
#include "models/network_split.hpp"
#include "runtime/data/data_source.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/models/model_text.hpp"
#include "tools/subcommand.hpp"
#include "tools/train/train_options.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

struct models_options {
  std::vector<std::string> models; // at most one
  train_options train;             // those that concern the model
  std::string format = "table";
  bool as_json = false;
  bool help = false;
};

// Those options of `syngrad train`, as they are there.
std::vector<option_row> rows_of_train(train_options& train, const std::vector<std::string>& names) {
  std::vector<option_row> rows;
  for (auto& group : rows_named(names, train_option_table(train)))
    for (auto& row : group.rows) rows.push_back(std::move(row));
  return rows;
}

option_reader make_models_option_reader(models_options& o) {
  auto of_data = data_rows(o.train.data);
  of_data.front().shown_default = "none is read";
  option_reader reader(
    {{"The split", rows_of_train(o.train, {"groups", "split"})},
     {"Data that it is for, which decide what MODEL leaves open, and have to fit", std::move(of_data)},
     {"Output",
      {choice("format", o.format, {"table", "json"}, "For people, or for programs"),
       flag("as-json", o.as_json, "Print the JSON file that makes the same network instead: a start for one's own"),
       flag("help", o.help, "This text")}}},
    {{"groups", "split"}, {"format", "as-json"}});
  reader.take_words(o.models);
  return reader;
}

result<std::vector<int>> split_of(const train_options& train, const network& net) {
  const auto units = static_cast<int>(net.units.size());
  if (train.settings.split.empty()) return split_evenly(net, train.groups.value_or(units));
  if (auto good = check_split(train.settings.split, net); !good) return good.failure().prefixed("--");
  return train.settings.split;
}

// The text of the model as it is for the data, which has to fit.
result<std::string> complete_by_data(const train_options& train, const std::string& text) {
  const auto open = make_network(text);
  if (!open) return open.failure();
  const auto reading = data_settings_for(train.data, train.settings, *open);
  if (!reading) return reading.failure();
  const auto data = open_dataset(train.data.source, *reading);
  if (!data) return data.failure().prefixed("--data: ");
  auto whole = complete_model(text, data->target);
  const auto net = make_network(whole);
  if (!net) return net.failure();
  training_settings settings;
  settings.batch_size = 1;
  settings.continuing_windows = !carrying_layer(*net).empty();
  settings.objective.name = data->target.is_numbers() ? "cross-entropy" : "mse";
  if (auto fits = check_data(settings, *net, *data); !fits) return fits.failure();
  return whole;
}

exit_code print_model(const models_options& o, const option_reader& reader) {
  if (auto good = check_data_options(o.train.data, reader); !good) return refuse_command("models", good.failure());
  auto text = read_model(o.models.front());
  if (text && reader.given("data")) text = complete_by_data(o.train, *text);
  if (!text) return refuse_command("models", text.failure());
  if (o.as_json) {
    const auto shown = show_as_json(*text);
    if (!shown) return refuse_command("models", shown.failure());
    std::cout << *shown << std::flush;
    return exit_code::done;
  }
  const auto net = make_network(*text);
  if (!net) return refuse_command("models", net.failure());
  const auto split = split_of(o.train, *net);
  if (!split) return refuse_command("models", split.failure());
  const auto summary = summarize_model(*net, *split);
  std::cout << (o.format == "json" ? format_model_json(summary) : format_model_table(summary)) << std::flush;
  return exit_code::done;
}

} // namespace

exit_code run_models(std::span<const std::string> arguments) {
  models_options options;
  auto reader = make_models_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << "Usage: syngrad models [MODEL] [OPTION]...\n\n"
                 "Shows what --model MODEL of `syngrad train` is, without training: its units with their shapes,\n"
                 "parameters and multiply-adds, and its split into groups. Without MODEL: the kinds of network.\n"
                 "Defaults stand in brackets.\n\n"
              << format_option_help(reader.groups())
              << "Examples:\n"
                 "  syngrad models\n"
                 "  syngrad models mlp:784-256x5-10 --groups 3\n"
                 "  syngrad models gpt:4x64 --data text:FILE --groups 4\n"
                 "  syngrad models cnn:28x28x1-32s2-64s2-10 --as-json > mine.json\n"
                 "  syngrad models mine.json --format json\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("models", read.failure());
  if (options.models.size() > 1)
    return refuse_command("models", error::setting("expected one model, got '" + options.models[0] + "' and '" +
                                                   options.models[1] + "'; ask for one after the other"));
  if (!options.models.empty()) return print_model(options, reader);
  if (options.as_json)
    return refuse_command("models", error::setting("--as-json: expected a model with it: syngrad models MODEL"));
  std::cout << (options.format == "json" ? format_kinds_json() : format_kinds_table()) << std::flush;
  return exit_code::done;
}

} // namespace syngrad::tools
