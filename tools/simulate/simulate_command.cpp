#include "actors/planned_memory.hpp"
#include "actors/simulation/rehearsed_work.hpp"
#include "tools/simulate/cluster_text.hpp"
#include "tools/simulate/simulated_cluster.hpp"
#include "tools/simulate/simulation_text.hpp"
#include "tools/subcommand.hpp"
#include "tools/train/resolve.hpp"
#include "tools/train/trace_facts.hpp"
#include "tools/train/train_options.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace syngrad::tools {

namespace {

constexpr double giga = 1e9;

struct simulate_options {
  std::vector<std::string> models; // at most one
  train_options train;
  simulated_cluster cluster;
  std::int64_t most_steps = 2000;
  std::string trace_to;
  std::string format = "table";
};

option_reader make_simulate_option_reader(simulate_options& o) {
  auto groups = train_option_table(o.train);
  auto link_cost = text(
    "link-cost", "COST", o.cluster.link_cost,
    "What a message between nodes takes of the processor at either end, beside the threads of the node: measured, on "
    "this machine over loopback; tls: likewise with TLS; none; or message:TIME,rate:RATE, as of --link",
    [](const std::string& given) -> status {
      const auto parsed = parse_link_cost(given);
      return parsed ? ok() : status(parsed.failure());
    });
  link_cost.shown_default = "measured; with --rate none";
  groups.insert(
    groups.begin(),
    {"The cluster",
     {text("cluster", "NODE,...", o.cluster.nodes,
           "Its nodes: THREADS, with COUNTx before it for several and @SPEED behind it where a thread is not as fast "
           "as one of this machine: 3x1, or 2x4,1@0.5. Groups are placed by their cost, neighbours beside each other",
           [](const std::string& given) -> status {
             const auto parsed = parse_cluster(given);
             return parsed ? ok() : status(parsed.failure());
           }),
      text("between", "TERM,...", o.cluster.between,
           "What lies between two nodes, each way: delay:TIME, jitter:TIME..TIME, rate:RATE, loss:PERCENT, as --link "
           "of `syngrad train` has them",
           [](const std::string& given) -> status {
             const auto parsed = parse_between(given);
             return parsed ? ok() : status(parsed.failure());
           }),
      std::move(link_cost),
      optional_number("cores", o.cluster.cores, 1, most_threads,
                      "All nodes are on one machine, with so many cores (default: each is one of its own, with a core "
                      "for each of its threads and one for its links)"),
      text("failure", "NODE@SECOND[:down:SECONDS],...", o.cluster.failures,
           "Nodes, numbered from 0, that are away from then on, for so long or for good: they stand still, and groups "
           "below them go on alone up to --max-alone, as when the network of a run is away. Within the steps that are "
           "simulated",
           [](const std::string& given) -> status {
             const auto parsed = parse_failures(given);
             return parsed ? ok() : status(parsed.failure());
           }),
      text("mtbf", "SECONDS[:down:SECONDS]", o.cluster.mtbf,
           "Mean time between failures of each node, drawn by --seed, and how long it is away then (60)",
           [](const std::string& given) -> status {
             const auto parsed = parse_mtbf(given);
             return parsed ? ok() : status(parsed.failure());
           }),
      optional_real("rate", "G", o.cluster.rate, {1e-3, 1e6},
                    "Multiply-adds that a thread makes in a second, in 10^9 (default: measured, on this machine, by "
                    "some steps of the training)"),
      whole_number("simulate", o.most_steps, 20, 1'000'000'000,
                   "Simulate at most so many steps; the others are taken to go on as the middle half of those"),
      text("trace-to", "DIR", o.trace_to,
           "Also write the messages of the steps that are simulated into a new folder, which `syngrad trace` reads"),
      choice("format", o.format, {"table", "json"}, "For people, or for programs")}});
  option_reader reader(std::move(groups), {{"groups", "split"}, {"steps", "epochs"}, {"target", "target-error"}});
  reader.take_words(o.models);
  return reader;
}

std::vector<option_group> explained_to_simulate(const option_reader& reader) {
  return rows_named({"cluster",
                     "between",
                     "link-cost",
                     "wire",
                     "cores",
                     "failure",
                     "mtbf",
                     "max-alone",
                     "rate",
                     "simulate",
                     "format",
                     "groups",
                     "split",
                     "policy",
                     "sg",
                     "condition",
                     "optimizer",
                     "batch",
                     "steps",
                     "lag",
                     "credits",
                     "link",
                     "correct-rows",
                     "recompute",
                     "config",
                     "help",
                     "deterministic",
                     "pipeline-schedule",
                     "micro-batches",
                     "weights",
                     "update",
                     "trace-to"},
                    reader.groups());
}

// Of the steps that are simulated.
std::map<std::string, std::string> facts_of_simulation(const simulated_setup& setup, const run_settings& settings,
                                                       const counted_unit& unit) {
  auto facts = trace_facts_of(settings, unit);
  facts["program"] += " simulate";
  facts["steps"] = std::to_string(setup.settings.steps);
  facts["threads"] = std::to_string(setup.processes.front().threads);
  facts["trace"] = "on";
  return facts;
}

// Into DIR/trace, of a folder that is made for it.
status make_trace_folder(const std::string& folder) {
  std::error_code failed;
  if (std::filesystem::exists(folder, failed))
    return option_error("trace-to", "'" + folder + "' is there already; choose another folder");
  std::filesystem::create_directories(folder + "/trace", failed);
  return failed ? status(option_error("trace-to", "cannot make '" + folder + "': " + failed.message())) : ok();
}

// With a trace where one is asked for.
result<simulated_run> simulate_into(const std::string& folder, const simulated_setup& setup,
                                    const std::map<std::string, std::string>& facts) {
  if (folder.empty()) return simulate(setup);
  if (4 * setup.groups.size() > simulated_trace::most_actors)
    return option_error("trace-to", "so many groups do not fit into a trace");
  if (const auto made = make_trace_folder(folder); !made) return made.failure();
  std::optional<result<simulated_trace>> trace;
  auto out = simulate(setup, [&](const std::vector<trace_names::actor>& actors) {
    trace.emplace(simulated_trace::create(folder + "/trace", actors, facts));
    return *trace ? &**trace : nullptr;
  });
  if (!*trace) return trace->failure();
  if (const auto closed = (*trace)->close(); !closed) return closed.failure();
  return out;
}

result<std::string> simulate_training(simulate_options& options, const option_reader& reader) {
  auto& settings = options.train.settings;
  const auto max_alone = std::exchange(settings.max_alone, std::nullopt); // a run in one process has no use for it
  auto model = resolve_model(options.train, reader);
  if (!model) return model.failure();
  const auto unit = unit_of(model->input);
  const auto wire = wire_choice::parse(settings.wire).value();
  const auto make = [&] { return make_network(settings.model); };
  const auto memory = memory_of_run(settings, std::move(*model));
  if (!memory) return memory.failure();
  const auto net = make();
  if (!net) return net.failure();
  const auto work = work_of_groups(settings, *net, memory->rehearsed, wire);
  if (!work) return work.failure();
  const auto rate =
    options.cluster.rate ? result<double>(*options.cluster.rate * giga) : measure_thread_rate(settings, *work, make);
  if (!rate) return rate.failure();
  auto simulated = settings;
  simulated.steps = std::min(settings.steps, options.most_steps);
  simulated.max_alone = max_alone;
  const auto made = setup_of_cluster(options.cluster, simulated, *work, *rate, wire);
  if (!made) return made.failure();
  const auto& setup = *made;
  const auto run = simulate_into(options.trace_to, setup, facts_of_simulation(setup, settings, unit));
  if (!run) return run.failure();
  const told_simulation told{setup, *run, *memory, run->is_cut_short ? run->steps : settings.steps, unit};
  return options.format == "json" ? format_simulation_json(told) : format_simulation_table(told);
}

} // namespace

exit_code run_simulate(std::span<const std::string> arguments) {
  simulate_options options;
  auto reader = make_simulate_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout
      << "Usage: syngrad simulate [MODEL] [OPTION]...\n\n"
         "Tells how fast a training would be on machines that are not there, how busy they were, what they\n"
         "send each other, what they hold in memory, and how late gradients would come. Groups, predictors and\n"
         "policies are those of a run; their passes take the time of their multiply-adds at the rate of a\n"
         "thread, on a clock of its own. The options are those of `syngrad train`. What is learnt is not told: no\n"
         "number is really computed.\n"
         "Defaults stand in brackets.\n\n"
      << format_option_help(explained_to_simulate(reader))
      << "Examples:\n"
         "  syngrad simulate --cluster 3x1 --between delay:10ms,rate:100MB/s --policy locked\n"
         "  syngrad simulate gpt:12x768,heads=12,context=1024,vocab=50257 --batch 8 --cluster 4x8,8@0.5\n"
         "  syngrad simulate --config runs/NAME/run.ini --cluster 6x1 --format json\n"
         "  syngrad simulate --cluster 3x1 --link-cost tls --failure 1@30:down:10 --max-alone 500\n"
         "  syngrad simulate --cluster 3x1 --simulate 100 --trace-to runs/simulated; syngrad trace locks "
         "runs/simulated\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("simulate", read.failure());
  if (options.models.size() > 1)
    return refuse_command("simulate", error::setting("expected one model, got '" + options.models[0] + "' and '" +
                                                     options.models[1] + "'; ask for one after the other"));
  if (!options.models.empty()) options.train.settings.model = options.models.front();
  try {
    const auto told = simulate_training(options, reader);
    if (!told) return refuse_command("simulate", told.failure());
    std::cout << *told << std::flush;
    return exit_code::done;
  } catch (const std::logic_error& stuck) {
    return fail_command("simulate", error(error_kind::internal, stuck.what()));
  }
}

} // namespace syngrad::tools
