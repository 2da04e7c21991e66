#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/batch_order.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/evaluate/evaluation.hpp"
#include "tools/evaluate/evaluation_text.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"
#include "tools/trained/given_data.hpp"
#include "tools/trained/trained_run.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

struct evaluate_options {
  std::vector<std::string> runs; // one
  std::string data;              // empty: the run's
  std::string weights;           // as weights_row() says
  std::int64_t samples = 0;
  std::string format = "table";
  std::string config;
  bool help = false;
};

option_reader make_evaluate_option_reader(evaluate_options& o) {
  auto data = text("data", "DATA", o.data,
                   "Other data for the network, as --data of `syngrad train` has it, or a file .csv, .npz or .npy. All "
                   "of it is judged, or its test set where it has one of its own (mnist, cifar10, digits, tokens, "
                   "x_test of npz). Features are scaled and labels numbered as those of the run were");
  data.shown_default = "the run's test set";
  auto samples =
    whole_number("eval-samples", o.samples, 0, std::int64_t{1} << 40, "At most so many, evenly spread, as in training");
  samples.shown_default = "0: all";
  auto config = text("config", "FILE", o.config, "Read options from FILE, lines NAME = VALUE; the command line wins");
  config.shown_default = "";
  option_reader reader({{"What is judged", {std::move(data), weights_row(o.weights), std::move(samples)}},
                        {"Output",
                         {choice("format", o.format, {"table", "json"}, "For people, or for programs"),
                          std::move(config), flag("help", o.help, "This text")}}});
  reader.take_words(o.runs);
  return reader;
}

std::string evaluate_help(const option_reader& reader) {
  return "Usage: syngrad evaluate RUN [OPTION]...\n\n"
         "Judges the network of a run of `syngrad train` by its files alone: the metrics of its objective, and which\n"
         "class was taken for which. RUN is the run's folder, or a checkpoint in it; its run.ini says which network "
         "and\n"
         "which data it is, its data.json what the reader has learned of the data.\n"
         "Defaults stand in brackets.\n\n" +
         format_option_help(reader.groups()) +
         "Examples:\n"
         "  syngrad evaluate runs/first\n"
         "  syngrad evaluate runs/first --weights best --format json\n"
         "  syngrad evaluate runs/iris --data more.csv\n\n"
         "Exit status: 0 done, 1 failed while computing, 2 bad usage.\n";
}

exit_code evaluate(const evaluate_options& options) {
  auto run = open_trained_run(options.runs.front(), options.weights);
  if (!run) return refuse_command("evaluate", run.failure());
  const auto data = open_given_data(*run, options.data, true);
  if (!data) return refuse_command("evaluate", data.failure());
  const auto& settings = run->options.settings;
  auto judged_by = settings.objective;
  judged_by.of_text = data->test.is_text();
  const auto judge = make_objective(judged_by);
  if (!judge) return refuse_command("evaluate", judge.failure());
  const auto samples = order_test_samples(*data, {.batch_size = settings.batch_size,
                                                  .continuing = settings.continuing_windows && data->test.is_text(),
                                                  .eval_samples = options.samples});
  if (!samples) return refuse_command("evaluate", samples.failure());
  configure_compute_thread();
  cpu_device cpu;
  auto& work = cpu.make_stream();
  const evaluation_origin origin{
    run->folder,           run->weights_path,       options.data.empty() ? run->facts.source : options.data,
    (*judge)->loss_unit(), unit_of(run->net.input), run->facts.class_names};
  auto net = run->take_network(work);
  if (!net) return refuse_command("evaluate", net.failure());
  const auto result = evaluate_network(work, *net, **judge, *data, *samples, settings.batch_size);
  if (!result) return fail_command("evaluate", result.failure().prefixed(run->weights_path + ": "));
  std::cout << (options.format == "json" ? format_evaluation_json(*result, origin) : format_evaluation(*result, origin))
            << std::flush;
  return exit_code::done;
}

} // namespace

exit_code run_evaluate(std::span<const std::string> arguments) {
  ignore_write_signals();
  evaluate_options options;
  auto reader = make_evaluate_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << evaluate_help(reader);
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("evaluate", read.failure());
  if (options.runs.size() != 1)
    return refuse_command("evaluate",
                          error::setting(options.runs.empty()
                                           ? "expected the folder of a run: syngrad evaluate RUN [OPTION]..."
                                           : "expected the folder of one run, got '" + options.runs[0] + "' and '" +
                                               options.runs[1] + "'; evaluate one after the other"));
  return evaluate(options);
}

} // namespace syngrad::tools
