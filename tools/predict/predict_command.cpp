#include "runtime/cpu/cpu_device.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/predict/predictions.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"
#include "tools/trained/given_data.hpp"
#include "tools/trained/trained_run.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

struct predict_options {
  std::vector<std::string> runs; // one
  std::string data, out;
  std::string weights; // as weights_row() says
  std::string give = "both";
  std::string format; // empty: by the name of --out
  std::string config;
  bool help = false;
};

option_reader make_predict_option_reader(predict_options& o) {
  auto data = text("data", "DATA", o.data,
                   "Samples, with or without their targets, which are not looked at: csv:FILE, npz:FILE with an array "
                   "x, npy:X, images:DIR, or another of --data of `syngrad train`; of FILE.csv, .npz and .npy the name "
                   "says it. Features are scaled as those of the run were; columns are found by their names");
  data.shown_default = "";
  auto out = text("out", "FILE", o.out, "Where predictions go; - is the standard output");
  out.shown_default = "";
  auto format = choice("format", o.format, {"csv", "npy"}, "A line a sample, or numpy's array");
  format.get = [&o] { return o.format.empty() ? std::nullopt : std::optional(o.format); };
  format.shown_default = "as FILE is called; csv for -";
  auto config = text("config", "FILE", o.config, "Read options from FILE, lines NAME = VALUE; the command line wins");
  config.shown_default = "";
  option_reader reader({{"What is predicted", {std::move(data), weights_row(o.weights)}},
                        {"Output",
                         {std::move(out), std::move(format),
                          choice("give", o.give, {"both", "class", "probabilities"},
                                 "Of classes: the likeliest, by its name (in npy its number, as int64), the "
                                 "probability of each, or in csv both. A network of values gives values"),
                          std::move(config), flag("help", o.help, "This text")}}});
  reader.take_words(o.runs);
  return reader;
}

std::string predict_help(const option_reader& reader) {
  return "Usage: syngrad predict RUN --data DATA --out FILE [OPTION]...\n\n"
         "Says what the network of a run of `syngrad train` makes of samples: a class and probabilities, or values, "
         "for\n"
         "each row in its order. RUN is the run's folder, or a checkpoint in it.\n"
         "Defaults stand in brackets.\n\n" +
         format_option_help(reader.groups()) +
         "Examples:\n"
         "  syngrad predict runs/iris --data new.csv --out predicted.csv\n"
         "  syngrad predict runs/iris --data new.csv --out - --give class\n"
         "  syngrad predict runs/first --data npy:digits.npy --out probabilities.npy --weights best\n\n"
         "Exit status: 0 done, 1 failed while computing, 2 bad usage.\n";
}

status check_predict_options(const predict_options& options) {
  if (options.runs.size() != 1)
    return error::setting(options.runs.empty()
                            ? "expected the folder of a run: syngrad predict RUN --data DATA --out FILE"
                            : "expected the folder of one run, got '" + options.runs[0] + "' and '" + options.runs[1] +
                                "'; the data stands behind --data");
  if (options.data.empty()) return option_error("data", "expected samples to predict; give a file, such as new.csv");
  if (options.out.empty())
    return option_error("out", "expected a file for the predictions, such as predicted.csv, or - for the standard "
                               "output");
  return ok();
}

result<bool> wants_npy(const predict_options& options) {
  if (!options.format.empty()) return options.format == "npy";
  if (options.out.ends_with(".npy")) return true;
  if (options.out == "-" || options.out.ends_with(".csv") ||
      options.out.find('.', options.out.rfind('/') + 1) == std::string::npos)
    return false;
  if (options.out.starts_with("/dev/")) return false;
  return option_error("out", "'" + options.out + "' ends neither in .csv nor in .npy; --format says which it is");
}

std::vector<std::string> names_of_values(const data_options& of) {
  std::vector<std::string> names;
  const auto text = of.targets.empty() ? of.label_column : of.targets;
  if (text.empty()) return names;
  for (const auto each : split_text(text, ',')) names.emplace_back(each);
  return names;
}

exit_code predict(const predict_options& options) {
  const auto as_npy = wants_npy(options);
  if (!as_npy) return refuse_command("predict", as_npy.failure());
  auto run = open_trained_run(options.runs.front(), options.weights);
  if (!run) return refuse_command("predict", run.failure());
  if (run->facts.tokens)
    return refuse_command("predict",
                          error::setting(run->folder + ": its network was trained on the text " + run->facts.source +
                                         "; `syngrad generate` writes on, `syngrad evaluate` judges"));
  const auto data = open_given_data(*run, options.data, false);
  if (!data) return refuse_command("predict", data.failure());
  using content = prediction_form::content;
  const auto output = infer_specs(run->net)->back();
  const prediction_form form{*as_npy,
                             options.give == "class"           ? content::classes
                             : options.give == "probabilities" ? content::probabilities
                                                               : content::both,
                             data->target.is_numbers() ? static_cast<std::int32_t>(output.features()) : 0,
                             run->facts.class_names, names_of_values(run->options.data)};
  if (auto good = check_form(form, output); !good) return refuse_command("predict", good.failure().prefixed("--out: "));
  configure_compute_thread();
  cpu_device cpu;
  auto& work = cpu.make_stream();
  auto net = run->take_network(work);
  if (!net) return refuse_command("predict", net.failure());
  auto file = output_file::create(options.out);
  if (!file) return refuse_command("predict", file.failure().prefixed("--out: "));
  if (auto done = write_predictions(work, *net, *data, form, run->options.settings.batch_size, *file); !done)
    return fail_command("predict", done.failure().prefixed(run->weights_path + ": "));
  if (auto done = file->commit(); !done) return fail_command("predict", done.failure().prefixed("--out: "));
  return exit_code::done;
}

} // namespace

exit_code run_predict(std::span<const std::string> arguments) {
  ignore_write_signals();
  predict_options options;
  auto reader = make_predict_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << predict_help(reader);
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("predict", read.failure());
  if (auto good = check_predict_options(options); !good) return refuse_command("predict", good.failure());
  return predict(options);
}

} // namespace syngrad::tools
