#include "actors/actor_system.hpp"
#include "actors/settings.hpp"
#include "runtime/io/output_file.hpp"
#include "runtime/text.hpp"
#include "tools/bench/measure.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fmt/core.h>
#include <iostream>

namespace syngrad::tools {

namespace {

struct bench_options {
  bench_settings settings;
  std::string json = "runs/bench.json";
  bool quick = false;
  bool help = false;
};

option_row number_list(std::string name, std::vector<int>& target, int most, std::string help) {
  auto set = [&target, most](const std::string& value) -> status {
    std::vector<int> read;
    for (const auto part : split_text(value, ',')) {
      const auto number = parse_number<int>(part);
      if (!number || *number < 1 || *number > most)
        return error::setting(
          fmt::format("expected whole numbers from 1 to {} with commas between, got '{}'", most, value));
      read.push_back(*number);
    }
    target = read;
    return ok();
  };
  auto get = [&target] { return std::optional(join_text(target, ",")); };
  return {std::move(name), "N,N,...", std::move(help), set, get};
}

// Names of policies with commas between.
option_row policy_list(std::string name, std::vector<std::string>& target) {
  const auto usual = target;
  auto set = [&target, usual](const std::string& value) -> status {
    if (value == "both") {
      target = usual;
      return ok();
    }
    const auto known = known_policies();
    std::vector<std::string> read;
    for (const auto part : split_text(value, ',')) {
      if (std::find(known.begin(), known.end(), part) == known.end())
        return error::setting("expected " + join_choices(known) +
                              ", several with commas between, or both (locked and synthetic), got '" + value + "'");
      read.emplace_back(part);
    }
    target = read;
    return ok();
  };
  return {std::move(name), "NAME,...", "Which trainings; both: locked and synthetic", set,
          [&target, usual] { return std::optional(target == usual ? std::string("both") : join_text(target, ",")); }};
}

option_row predictor_choice(std::string name, std::string& target) {
  auto set = [&target](const std::string& value) -> status {
    if (auto known = check_synthetic_gradient_kind(value); !known) return known.failure();
    target = value;
    return ok();
  };
  return {std::move(name), "KIND", "What predicts gradients, as --sg of `syngrad train`", set,
          [&target] { return std::optional(target); }};
}

option_reader make_bench_option_reader(bench_options& o) {
  auto& s = o.settings;
  return option_reader(
    {{"What to measure",
      {number_list("widths", s.widths, 1 << 14, "Widths of the hidden layers of mlp:784-WIDTHxHIDDEN-10"),
       whole_number("hidden", s.hidden, 1, 1 << 10, "Number of hidden layers"),
       whole_number("batch", s.batch, 2, 1 << 20, "Samples a batch"), policy_list("policy", s.policies),
       predictor_choice("sg", s.predictor),
       choice("optimizer", s.optimizer, known_optimizers(), "The optimizer of every group"),
       flag("recompute", s.recompute, "Groups make their forward passes again, as with `syngrad train --recompute`"),
       number_list("threads", s.threads, 1 << 10, "Numbers of threads")}},
     {"On what", {device_row(s.devices), precision_row(s.devices), cuda_graphs_row(s.devices)}},
     {"How long",
      {whole_number("pairs", s.pairs, 1, 10000, "Pairs of bursts, products alone and training in turn; medians count"),
       real_number("seconds", "S", s.seconds, {0, 3600, true}, "Length of one burst"),
       flag("quick", o.quick, "Width 256, 3 pairs of 0.2 s, where not said otherwise: a first impression")}},
     {"Output",
      {text("json", "FILE", o.json, "Where the numbers go as JSON; - is the standard output"),
       flag("help", o.help, "This text")}}});
}

void apply_quick(bench_options& o, const option_reader& reader) {
  if (!o.quick) return;
  if (!reader.given("widths")) o.settings.widths = {256};
  if (!reader.given("pairs")) o.settings.pairs = 3;
  if (!reader.given("seconds")) o.settings.seconds = 0.2;
  o.settings.hops = 20000;
}

// Made before the measurement: minutes of work should not end at a file that cannot be written.
result<output_file> create_json(const std::string& path) {
  std::error_code ignored; // the file's own error says more
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  return output_file::create(path, 1 << 16);
}

exit_code bench(const bench_options& options) {
  if (auto chosen = choose_devices(options.settings.devices, 1); !chosen)
    return refuse_command("bench", chosen.failure());
  const auto& threads = options.settings.threads;
  if (const auto room = check_actor_threads(*std::max_element(threads.begin(), threads.end()), 1); !room)
    return refuse_command("bench", room.failure());
  auto json = create_json(options.json);
  if (!json) return refuse_command("bench", json.failure().prefixed("--json: "));
  const auto say = [](const std::string& what) { std::cerr << "measuring: " << what << '\n'; };
  std::atomic<bool> stopped{false};
  const signal_watcher watcher({[&stopped] {
    stopped = true;
    std::cerr << "syngrad bench: ending after this burst, with what was measured; once more to stop at once"
              << std::endl;
  }});
  const auto report = measure(options.settings, say, [&stopped] { return stopped.load(); });
  if (!report) return fail_command("bench", report.failure());
  auto& shown = json->is_standard_output() ? std::cerr : std::cout;
  shown << format_bench_table(*report) << std::flush;
  json->write(format_bench_json(*report));
  if (auto written = json->commit(); !written) return fail_command("bench", written.failure());
  shown << "as JSON: " << json->path() << std::endl;
  return stopped ? exit_code::interrupted : exit_code::done;
}

} // namespace

exit_code run_bench(std::span<const std::string> arguments) {
  ignore_write_signals();
  bench_options options;
  auto reader = make_bench_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout
      << "Usage: syngrad bench [OPTION]...\n\n"
         "Measures this machine: steps/s of locked and synthetic training (linear predictors, labels), their\n"
         "share of what the step's matrix products reach alone, processor time against locked training with the\n"
         "same settings, the cost of a message, and memory.\n"
         "Defaults stand in brackets.\n\n"
      << format_option_help(reader.groups())
      << "Examples:\n  syngrad bench --quick\n  syngrad bench --policy synthetic,corrected --sg ridge --widths 256 "
         "--threads 1\n  syngrad bench --widths 512 --threads 1,2,4\n"
         "  syngrad bench --device cuda:0 --precision bf16 --widths 4096 --hidden 8 --batch 4096 --threads 4\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("bench", read.failure());
  apply_quick(options, reader);
  return bench(options);
}

} // namespace syngrad::tools
