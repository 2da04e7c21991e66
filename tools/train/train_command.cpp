#include "actors/actor_system.hpp"
#include "actors/distributed/process_part.hpp"
#include "actors/group_outline.hpp"
#include "models/starting_weights.hpp"
#include "runtime/data/data_source.hpp"
#include "runtime/process/process_limits.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/devices/device_set.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/distributed/distributed_training.hpp"
#include "tools/run_folder/run_folder.hpp"
#include "tools/run_folder/run_recorder.hpp"
#include "tools/run_folder/stored_weights.hpp"
#include "tools/run_folder/summary_file.hpp"
#include "tools/run_folder/summary_text.hpp"
#include "tools/run_folder/weights_files.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"
#include "tools/train/data_sum.hpp"
#include "tools/train/early_save.hpp"
#include "tools/train/link_advice.hpp"
#include "tools/train/observed_run.hpp"
#include "tools/train/resolve.hpp"
#include "tools/train/resumed_run.hpp"
#include "tools/train/run_tracing.hpp"
#include "tools/train/train_options.hpp"

#include <fmt/core.h>
#include <iostream>
#include <optional>
#include <unistd.h>

namespace syngrad::tools {

namespace {

run_recorder::plan plan_of(const train_options& options, const option_reader& reader, const network& model,
                           const dataset& data, const run_folder& folder, const resumed_run* resumed) {
  return {.run_ini = format_run_ini(reader.groups(), folder.path()),
          .data = data_facts_of(options.data.source, data),
          .model = options.settings.model,
          .groups = static_cast<int>(options.settings.split.size()),
          .weight_bytes = weights_size(model, options.settings.model),
          .objective = options.settings.objective,
          .goes_on_from = resumed ? std::optional(resumed->last_metrics()) : std::nullopt};
}

checkpoint_facts facts_of(const option_reader& reader) {
  checkpoint_facts facts{"syngrad " SYNGRAD_VERSION, {}, ""};
  for (const auto& group : reader.groups())
    for (const auto& row : group.rows)
      if (auto value = row.get()) facts.options[row.name] = std::move(*value);
  return facts;
}

// Over several processes the groups' devices are theirs.
result<device_set> make_devices(const train_options& options) {
  if (auto good = check_cluster(options.over_processes()); !good) return good.failure();
  if (options.cluster.active()) return device_set::make({}, {});
  const auto& settings = options.settings;
  const device_options wanted{options.devices, settings.precision, settings.cuda_graphs ? "on" : "off"};
  const auto chosen = choose_devices(wanted, static_cast<int>(settings.split.size()));
  if (!chosen) return chosen.failure();
  return device_set::make(*chosen, wanted.for_cuda());
}

// A device that has no room for the layers, say, is named by its exception.
result<std::unique_ptr<trainer>> prepare_here(const train_options& options, network model, const dataset& data,
                                              const device_set& devices, training_observer observer,
                                              trace_recorder* trace, std::shared_ptr<const saved_run> go_on_from) {
  try {
    auto prepared = training::prepare(options.settings, std::move(model), data, devices.places(), std::move(observer),
                                      trace, std::move(go_on_from));
    if (!prepared) return prepared.failure();
    return std::unique_ptr<trainer>(std::move(*prepared));
  } catch (const std::exception& failure) {
    return error_of(failure);
  }
}

result<std::unique_ptr<trainer>> prepare_many(const train_options& options, const std::string& folder,
                                              const dataset& data, training_observer observer, run_tracing& tracing,
                                              interruption& interrupt) {
  distributed_training::setup setup{options.over_processes()};
  setup.folder = folder;
  setup.data = &data;
  setup.say = observer.on_notice;
  setup.on_told_to_end = [&interrupt] { interrupt.save(true); };
  setup.weights_on_disk = [&interrupt] { return interrupt.may_stop(); };
  setup.observer = std::move(observer);
  setup.trace = tracing.recorder();
  setup.traces = &tracing.others();
  auto prepared = distributed_training::open(std::move(setup));
  if (!prepared) return prepared.failure();
  return std::unique_ptr<trainer>(std::move(*prepared));
}

// Groups on other devices, or in other processes, take their memory there.
result<std::string> memory_to_say(const train_options& options, const network& model) {
  const auto room = find_memory_room();
  if (!room || options.cluster.active() || options.devices.device != "cpu" || !options.devices.place.empty())
    return std::string();
  return check_memory(options, model, *room);
}

// The rate is measured where it is of use: that takes two tenths of a second.
std::vector<std::string> link_lines(const train_options& options, const network& model) {
  const auto& settings = options.settings;
  if (!settings.link.is_in_time() || options.quiet) return {};
  return link_advice(settings, outline_groups(settings, model), measure_host_rate(settings.threads));
}

// What is asked is done before it is told: whoever reads standard error may have stopped reading.
void print_train_notice(const char* what) {
  std::cerr << "\nsyngrad train: " << what << std::endl;
}

void stop_unless_unsaved(const interruption& interrupt) {
  if (interrupt.may_stop()) ::_exit(static_cast<int>(exit_code::interrupted));
  print_train_notice("the weights are not on disk yet; once more to stop without them");
}

// Nodes still have weights and traces when the training has ended: the second Ctrl-C leaves those to them.
std::vector<std::function<void()>> signal_steps(const train_options& options, interruption& interrupt) {
  const auto end = [&interrupt](const char* what) {
    return [&interrupt, what] {
      interrupt.save(true); // before the end: a checkpoint is of a run that goes on
      interrupt.request();
      print_train_notice(what);
    };
  };
  if (!options.cluster.active())
    return {
      end("saving a checkpoint and the weights, and ending after the batches in flight; once more to stop at once"),
      [&interrupt] { stop_unless_unsaved(interrupt); }};
  return {end("ending after the batches in flight; once more to leave to the nodes what they have"), [&interrupt] {
            interrupt.request();
            print_train_notice("not waiting for what the nodes have; once more to stop at once");
          }};
}

void print_notice(const std::string& line) {
  std::cerr << "syngrad train: " << line << '\n';
}

// --init: tells what of the file is taken.
status give_starting_weights(const std::string& path, network& model) {
  auto file = read_stored_weights(path);
  if (!file) return file.failure().prefixed("--init: ");
  auto start = std::make_shared<const starting_weights>(std::move(*file));
  const auto match = start->match_with(model);
  if (match.taken.empty())
    return option_error("init", path + ": no tensor has a name and the shape of one of " + model.description +
                                  "; give weights of a run, or those that `syngrad checkpoint import` makes");
  print_notice(fmt::format("{} of {} tensors begin as in {}", match.taken.size(),
                           match.taken.size() + match.missing.size() + match.misfits.size(), path));
  const auto list = [](const std::vector<std::string>& names) { return join_text(names); };
  if (!match.missing.empty()) print_notice("drawn, for the file has none: " + list(match.missing));
  if (!match.misfits.empty()) print_notice("drawn, for the file has another shape: " + list(match.misfits));
  if (!match.unused.empty()) print_notice("of the file, not used: " + list(match.unused));
  model.start = std::move(start);
  return ok();
}

// What only a run in one process can do.
status check_alone(const train_options& options) {
  if (!options.cluster.active()) return ok();
  const auto refused = [](const char* option, const std::string& what) {
    return option_error(option, "expected without --listen and --local-nodes: " + what);
  };
  if (!options.resume.empty()) return refused("resume", "a run over several processes cannot go on yet");
  if (!options.init.empty()) return refused("init", "the weights of several processes are drawn there");
  if (options.settings.checkpoint_every > 0 || options.settings.checkpoint_every_s > 0)
    return refused("checkpoint-every", "runs over several processes save no checkpoints yet");
  return ok();
}

// A run that was killed after its last step still has its results to write.
status check_something_left(const train_options& options, const resumed_run& resumed) {
  if (resumed.from.manifest.step < options.settings.steps) return ok();
  const auto summary = read_summary_file(resumed.folder.path() + "/summary.json");
  if (!summary || summary->text("end") != name_of(run_end::finished) ||
      summary->number("steps") < static_cast<double>(options.settings.steps))
    return ok();
  return option_error("resume", fmt::format("the run {} has made {} steps of {}; --steps with more goes on",
                                            resumed.folder.path(), resumed.from.manifest.step, options.settings.steps));
}

// Everything after the command line was read. What fails before the training has begun leaves no folder behind; a run
// that was to go on (`resumed` not null) can still do so.
exit_code run_training(train_options& options, const option_reader& reader, resumed_run* resumed) {
  auto model = resolve_model(options, reader);
  if (!model) return refuse_command("train", model.failure());
  if (auto good = check_alone(options); !good) return refuse_command("train", good.failure());
  constexpr int beside_actors =
    6; // signals, the trace, weights that are saved early, the best weights, checkpoints, data read ahead
  const auto& settings = options.settings;
  if (const auto room = check_actor_threads(settings.threads, settings.intra_op, beside_actors); !room)
    return refuse_command("train", room.failure());
  const auto reading = data_settings_for(options.data, settings, *model);
  if (!reading) return refuse_command("train", reading.failure());
  auto devices = make_devices(options);
  if (!devices) return refuse_command("train", devices.failure());

  interruption interrupt;
  const signal_watcher watcher(signal_steps(options, interrupt), [&interrupt] { interrupt.save(false); });
  std::optional<run_folder> made;
  if (!resumed) {
    auto created = run_folder::create(options.run, options.settings.policy);
    if (!created) return refuse_command("train", created.failure());
    made = std::move(*created);
  }
  auto& folder = resumed ? resumed->folder : *made;

  if (!options.quiet)
    std::cout << "results go to " << folder.path() << "; reading " << options.data.source << std::endl;
  const auto data = open_dataset(options.data.source, *reading);
  if (!data) return refuse_command("train", data.failure().prefixed("--data: "));
  if (!options.quiet)
    for (const auto& note : data->notes) std::cout << note << std::endl;
  if (auto fits = resolve_data(options, *model, *data); !fits) return refuse_command("train", fits.failure());
  if (resumed) {
    if (auto same = check_same_data(*resumed, options.data.source, data_sum_of(*data)); !same)
      return refuse_command("train", same.failure());
    if (auto left = check_something_left(options, *resumed); !left) return refuse_command("train", left.failure());
  }
  if (!options.init.empty())
    if (auto given = give_starting_weights(options.init, *model); !given)
      return refuse_command("train", given.failure());
  if (const auto epochs = describe_epochs(options, *data); !options.quiet && !epochs.empty())
    std::cout << epochs << std::endl;
  if (interrupt.requested()) {
    std::cerr << "syngrad train: interrupted before the training began; nothing was saved\n";
    return exit_code::interrupted;
  }
  const auto memory = memory_to_say(options, *model);
  if (!memory) return refuse_command("train", memory.failure());
  if (!memory->empty()) print_notice(*memory);
  for (const auto& line : link_lines(options, *model)) print_notice(line);
  if (resumed) {
    const auto cleared = clear_what_comes_again(*resumed);
    if (!cleared) return refuse_command("train", cleared.failure());
    for (const auto& line : *cleared)
      if (!options.quiet) std::cout << line << std::endl;
  }
  const auto plan = plan_of(options, reader, *model, *data, folder, resumed);
  auto recorder = run_recorder::open(folder, plan);
  if (!recorder) return refuse_command("train", recorder.failure());

  auto tracing = run_tracing::start(options, unit_of(model->input), folder);
  if (!tracing) {
    recorder->discard();
    return refuse_command("train", tracing.failure());
  }

  observed_run run(*recorder, *tracing, interrupt, options, [facts = facts_of(reader), &data = *data]() mutable {
    facts.data_sum = data_sum_of(data);
    return std::move(facts);
  });
  if (resumed) run.go_on(resumed->last_metrics());
  auto prepared = options.cluster.active()
                    ? prepare_many(options, folder.path(), *data, run.observer(), *tracing, interrupt)
                    : prepare_here(options, std::move(*model), *data, *devices, run.observer(), tracing->recorder(),
                                   resumed ? resumed->from.state : nullptr);
  if (!prepared) {
    recorder->discard();
    tracing->discard();
    return refuse_command("train", prepared.failure());
  }
  folder.keep();
  return run.execute(**prepared, *devices);
}

exit_code resume_training(const std::string& run, std::span<const std::string> arguments) {
  train_options options;
  auto reader = make_train_option_reader(options);
  if (auto read = read_resumed_options(run, arguments, reader); !read) return refuse_command("train", read.failure());
  options.resume.clear();
  options.init.clear();
  auto resumed = open_resumed_run(run);
  if (!resumed) return refuse_command("train", resumed.failure());
  for (const auto& line : resumed->notes) print_notice(line);
  if (!options.quiet)
    std::cout << "going on after step " << resumed->from.manifest.step << " of " << resumed->folder.path() << std::endl;
  return run_training(options, reader, &*resumed);
}

} // namespace

exit_code run_train(std::span<const std::string> arguments) {
  ignore_write_signals();
  train_options options;
  auto reader = make_train_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << train_help(reader);
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("train", read.failure());
  if (!options.resume.empty()) return resume_training(options.resume, arguments);
  return run_training(options, reader, nullptr);
}

} // namespace syngrad::tools
