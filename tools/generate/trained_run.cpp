#include "tools/generate/trained_run.hpp"

#include "models/generation/language_model.hpp"
#include "tools/run_folder/data_file.hpp"
#include "tools/run_folder/weights_files.hpp"
#include "tools/train/train_options.hpp"

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

// The one that its options name.
result<network> network_of_run(const std::string& folder) {
  train_options options;
  auto reader = make_train_option_reader(options);
  const auto file = folder + "/run.ini";
  const std::vector<std::string> arguments{"--config", file};
  if (auto read = reader.read(arguments); !read) return read.failure();
  if (!reader.given("model"))
    return error::data(file + ": it names no model; take it from the run's folder again, or repeat the run");
  auto net = make_network(options.settings.model);
  if (!net) return net.failure().prefixed(file + ": model: ");
  if (auto good = check_language_model(*net); !good) return good.failure().prefixed(file + ": ");
  return net;
}

result<data_facts> facts_of_text(const std::string& folder, const network& net) {
  const auto file = folder + "/" + data_file_name;
  if (!exists(file))
    return error::file(file + ": no such file, so nothing says what tokens stand for; the run is of an older version, "
                              "repeat it");
  auto facts = read_data_file(file);
  if (!facts) return facts;
  if (!facts->tokens)
    return error::setting(file + ": the run's data " + facts->source +
                          " has no vocabulary; train on a text: --data text:FILE, bytes:FILE or tokens:DIR");
  if (facts->source.starts_with("copy:"))
    return error::setting(file + ": a network trained on " + facts->source +
                          " puts out letters to be reproduced, not the next token; train on a text: --data text:FILE");
  const auto outputs = infer_specs(net)->back().features();
  if (facts->tokens->size() > outputs)
    return error::data(fmt::format("{}: a vocabulary of {}, but the model in run.ini gives {} outputs; the two are not "
                                   "of one run, take both from its folder",
                                   file, facts->tokens->size(), outputs));
  return facts;
}

} // namespace

result<trained_run> open_trained_run(const std::string& folder, const std::string& weights) {
  if (auto good = check_run_folder(folder); !good) return good.failure();
  auto net = network_of_run(folder);
  if (!net) return net.failure();
  auto facts = facts_of_text(folder, *net);
  if (!facts) return facts.failure();
  const auto path = weights.empty() ? folder + "/" + last_weights_name : weights;
  if (weights.empty() && !exists(path))
    return error::file(path + ": no such file: the run has not ended, or saved nothing; wait for its end, or give "
                              "another file with --weights");
  auto read = read_safetensors(path);
  if (!read) return weights.empty() ? read.failure() : read.failure().prefixed("--weights: ");
  return trained_run{std::move(*net), std::move(*facts->tokens), std::move(facts->source), path, std::move(*read)};
}

} // namespace syngrad::tools
