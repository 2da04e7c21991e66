#include "actors/checkpoints/checkpoint_folder.hpp"
#include "models/networks/torch_form.hpp"
#include "runtime/text.hpp"
#include "tools/checkpoint/stored_files.hpp"
#include "tools/checkpoint/stored_text.hpp"
#include "tools/checkpoint/torch_exchange.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"
#include "tools/trained/trained_run.hpp"

#include <filesystem>
#include <fmt/core.h>
#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

struct checkpoint_options {
  std::vector<std::string> words; // what to do, and with what
  std::string out, model, python;
  std::string weights; // as weights_row() says
  std::string format = "table";
  bool all = false;
  bool help = false;
};

option_reader make_checkpoint_option_reader(checkpoint_options& o) {
  auto out = text("out", "FILE", o.out, "Of export and import: the file that is written");
  out.shown_default = "";
  auto python = text("print-torch", "FILE", o.python,
                     "Of export: Python that defines the same network with torch, as `network`; - is the standard "
                     "output");
  python.shown_default = "none";
  auto model = text("model", "MODEL", o.model, "Of export and import: the model, as --model of `syngrad train` has it");
  model.shown_default = "what the weights' file says; of import the run's";
  auto weights = weights_row(o.weights);
  weights.help = "Of export, with a run: those of its end, those of its best evaluation, or a file";
  option_reader reader({{"Options",
                         {std::move(out), std::move(python), std::move(model), std::move(weights),
                          flag("all", o.all, "Of info: tensors of optimizers, predictors and batches in flight too"),
                          choice("format", o.format, {"table", "json"}, "Of info: for people, or for programs"),
                          flag("help", o.help, "This text")}}});
  reader.take_words(o.words);
  return reader;
}

std::string checkpoint_help(const option_reader& reader) {
  return "Usage: syngrad checkpoint info PATH [--all] [--format json]\n"
         "       syngrad checkpoint verify PATH...\n"
         "       syngrad checkpoint export RUN|FILE --out FILE [--print-torch FILE]\n"
         "       syngrad checkpoint import FILE --model MODEL --out FILE\n\n"
         "What runs of `syngrad train` have stored. PATH is a run's folder, a checkpoint (RUN/checkpoints/step-...), "
         "or "
         "a\n.safetensors file.\n\n"
         "  info    shapes, norms and sums\n"
         "  verify  reads everything, checks it against its sums, and names what is damaged\n"
         "  export  the weights of the whole network with PyTorch's names and layouts, for\n"
         "          network.load_state_dict(safetensors.torch.load_file(FILE))\n"
         "  import  the other way: weights that PyTorch has saved so, for `syngrad train --init` and --weights\n\n" +
         format_option_help(reader.groups()) +
         "Examples:\n"
         "  syngrad checkpoint info runs/first/weights.safetensors\n"
         "  syngrad checkpoint verify runs/first\n"
         "  syngrad checkpoint export runs/first --out torch.safetensors --print-torch network.py\n"
         "  syngrad checkpoint import torch.safetensors --model mlp:784-256x5-10 --out weights.safetensors\n\n"
         "Exit status: 0 done, 1 something is damaged or could not be written, 2 bad usage.\n";
}

exit_code tell_stored(const checkpoint_options& options, const std::vector<std::string>& paths) {
  if (paths.size() != 1)
    return refuse_command("checkpoint", error::setting("info: expected one path: syngrad checkpoint info PATH"));
  const auto found = find_stored_files(paths.front());
  if (!found) return refuse_command("checkpoint", found.failure());
  std::cout << (options.format == "json" ? describe_stored_json(*found, options.all)
                                         : describe_stored(*found, options.all))
            << std::flush;
  return exit_code::done;
}

exit_code verify(const std::vector<std::string>& paths) {
  if (paths.empty())
    return refuse_command("checkpoint", error::setting("verify: expected a path: syngrad checkpoint verify PATH..."));
  bool damaged = false;
  const auto say = [&damaged](const std::string& path, const status& found) {
    std::cout << path << ": " << (found ? "whole" : "damaged: " + found.message()) << '\n';
    damaged = damaged || !found;
  };
  for (const auto& path : paths) {
    const auto found = find_stored_files(path);
    if (!found) return refuse_command("checkpoint", found.failure());
    for (const auto& each : found->weights) say(each, verify_weights(each));
    for (const auto& each : found->checkpoints) say(each, verify_checkpoint(each));
  }
  std::cout << std::flush;
  return damaged ? exit_code::failed : exit_code::done;
}

struct exported_weights {
  std::string path, model;
  safetensors_file weights;
};

// Of a run's folder the model is that of its run.ini.
result<exported_weights> find_exported(const checkpoint_options& options, const std::string& from) {
  std::error_code unknown;
  if (std::filesystem::is_directory(from, unknown)) {
    auto run = open_trained_run(from, options.weights);
    if (!run) return run.failure();
    return exported_weights{run->weights_path, run->options.settings.model, std::move(run->weights)};
  }
  auto read = read_safetensors(from);
  if (!read) return read.failure();
  auto model = options.model;
  if (const auto said = read->metadata.find("model"); model.empty() && said != read->metadata.end())
    model = said->second;
  if (model.empty())
    return option_error("model", "'" + from + "' does not say of which model its weights are; give it");
  auto text = read_model(model);
  if (!text) return text.failure().prefixed("--model: ");
  return exported_weights{from, std::move(*text), std::move(*read)};
}

status write_python(const std::string& path, const std::string& model) {
  const auto form = torch_form_of(model);
  if (!form) return form.failure();
  auto file = output_file::create(path);
  if (!file) return file.failure().prefixed("--print-torch: ");
  file->write(form->python);
  return file->commit();
}

exit_code export_weights(const checkpoint_options& options, const std::vector<std::string>& paths) {
  if (paths.size() != 1 || (options.out.empty() && options.python.empty()))
    return refuse_command("checkpoint", error::setting("export: expected a run or a file, and --out: syngrad "
                                                       "checkpoint export RUN --out FILE"));
  const auto found = find_exported(options, paths.front());
  if (!found) return refuse_command("checkpoint", found.failure());
  if (const auto form = torch_form_of(found->model); !form) return refuse_command("checkpoint", form.failure());
  if (!options.out.empty())
    if (auto done = export_to_torch(found->weights, found->model, options.out); !done)
      return fail_command("checkpoint", done.failure().prefixed(found->path + ": "));
  if (!options.python.empty())
    if (auto done = write_python(options.python, found->model); !done)
      return fail_command("checkpoint", done.failure());
  return exit_code::done;
}

exit_code import_weights(const checkpoint_options& options, const std::vector<std::string>& paths) {
  if (paths.size() != 1 || options.out.empty() || options.model.empty())
    return refuse_command("checkpoint", error::setting("import: expected a file, --model and --out: syngrad checkpoint "
                                                       "import FILE --model MODEL --out FILE"));
  const auto model = read_model(options.model);
  if (!model) return refuse_command("checkpoint", model.failure().prefixed("--model: "));
  if (const auto form = torch_form_of(*model); !form) return refuse_command("checkpoint", form.failure());
  const auto state = read_safetensors(paths.front());
  if (!state) return refuse_command("checkpoint", state.failure());
  if (auto done = import_from_torch(*state, *model, options.out); !done)
    return fail_command("checkpoint", done.failure().prefixed(paths.front() + ": "));
  return exit_code::done;
}

} // namespace

exit_code run_checkpoint(std::span<const std::string> arguments) {
  ignore_write_signals();
  checkpoint_options options;
  auto reader = make_checkpoint_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << checkpoint_help(reader);
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("checkpoint", read.failure());
  const auto what = options.words.empty() ? std::string() : options.words.front();
  const std::vector<std::string> paths(options.words.begin() + (options.words.empty() ? 0 : 1), options.words.end());
  if (what == "info") return tell_stored(options, paths);
  if (what == "verify") return verify(paths);
  if (what == "export") return export_weights(options, paths);
  if (what == "import") return import_weights(options, paths);
  return refuse_command("checkpoint", error::setting("expected info, verify, export or import" +
                                                     (what.empty() ? "" : ", got '" + what + "'") +
                                                     "; `syngrad checkpoint --help` tells more"));
}

} // namespace syngrad::tools
