#include "tools/trained/trained_run.hpp"

#include "models/generation/language_model.hpp"
#include "tools/run_folder/stored_weights.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <filesystem>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code unknown;
  return fs::exists(path, unknown);
}

status check_run_folder(const std::string& folder) {
  std::error_code unknown;
  if (!fs::is_directory(folder, unknown))
    return error::file(folder + ": no such folder; give the one that `syngrad train` said its results go to");
  if (!exists(folder + "/run.ini"))
    return error::file(folder + ": no run's folder, for it has no run.ini; give the one of a run of `syngrad train`");
  return ok();
}

result<train_options> options_of_run(const std::string& folder) {
  train_options options;
  auto reader = make_train_option_reader(options);
  const auto file = folder + "/run.ini";
  const std::vector<std::string> arguments{"--config", file};
  if (auto read = reader.read(arguments); !read) return read.failure();
  if (!reader.given("model"))
    return error::data(file + ": it names no model; take it from the run's folder again, or repeat the run");
  return options;
}

result<data_facts> facts_of_run(const std::string& folder) {
  const auto file = folder + "/" + data_file_name;
  if (!exists(file))
    return error::file(file + ": no such file, so nothing says what the network's inputs and outputs stand for; the "
                              "run is of an older version, repeat it");
  return read_data_file(file);
}

// Where a run is, and which weights are meant: of a checkpoint those in it.
struct wanted_run {
  std::string folder, weights;
};

wanted_run find_wanted(const std::string& given, const std::string& weights) {
  if (!is_checkpoint(given)) return {given, weights};
  return {run_of_checkpoint(given), weights.empty() ? given : weights};
}

std::string path_of_weights(const std::string& folder, const std::string& wanted) {
  if (wanted.empty() || wanted == "last") return folder + "/" + last_weights_name;
  if (wanted == "best") return folder + "/" + best_weights_name;
  return wanted;
}

} // namespace

result<trained_network> trained_run::take_network(stream& work) {
  const auto name = net.description;
  auto made = trained_network::make(work, std::move(net), weights.tensors);
  if (!made)
    return error::data(weights_path + ": " + made.message() + "; the model in " + folder + "/run.ini is " + name +
                       ", give weights of a run of it");
  weights.tensors.clear();
  return made;
}

option_row weights_row(std::string& target) {
  auto row = text("weights", "last|best|FILE", target,
                  "Weights: those of the run's end, those of its best evaluation, or a file or a checkpoint with those "
                  "of the same network");
  row.shown_default = "last";
  return row;
}

result<trained_run> open_trained_run(const std::string& given, const std::string& given_weights) {
  const auto [folder, weights] = find_wanted(given, given_weights);
  if (auto good = check_run_folder(folder); !good) return good.failure();
  auto options = options_of_run(folder);
  if (!options) return options.failure();
  auto net = make_network(options->settings.model);
  if (!net) return net.failure().prefixed(folder + "/run.ini: model: ");
  if (auto fit = infer_specs(*net); !fit) return fit.failure().prefixed(folder + "/run.ini: ");
  auto facts = facts_of_run(folder);
  if (!facts) return facts.failure();
  const auto path = path_of_weights(folder, weights);
  const bool named = !weights.empty() && weights != "last" && weights != "best";
  if (!named && !exists(path))
    return error::file(path + ": no such file: the run has not ended, or saved nothing; wait for its end, or give "
                              "another file with --weights");
  auto read = read_stored_weights(path);
  if (!read) return named ? read.failure().prefixed("--weights: ") : read.failure();
  return trained_run{folder, std::move(*options), std::move(*net), std::move(*facts), path, std::move(*read)};
}

status check_writes_text(const trained_run& run) {
  if (auto good = check_language_model(run.net); !good) return good.failure().prefixed(run.folder + "/run.ini: ");
  const auto file = run.folder + "/" + data_file_name;
  const auto& facts = run.facts;
  if (!facts.tokens)
    return error::setting(file + ": the run's data " + facts.source +
                          " has no vocabulary; train on a text: --data text:FILE, bytes:FILE or tokens:DIR");
  if (facts.source.starts_with("copy:"))
    return error::setting(file + ": a network trained on " + facts.source +
                          " puts out letters to be reproduced, not the next token; train on a text: --data text:FILE");
  const auto outputs = infer_specs(run.net)->back().features();
  if (facts.tokens->size() > outputs)
    return error::data(fmt::format("{}: a vocabulary of {}, but the model in run.ini gives {} outputs; the two are not "
                                   "of one run, take both from its folder",
                                   file, facts.tokens->size(), outputs));
  return ok();
}

} // namespace syngrad::tools
