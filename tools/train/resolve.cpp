#include "tools/train/resolve.hpp"

#include "actors/planned_memory.hpp"
#include "actors/run_check.hpp"
#include "actors/update_policy.hpp"
#include "models/network_split.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_mode.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

// A fault that a check of the run's settings found: its message begins with the setting, which is the option.
error as_option(const error& fault) {
  return fault.prefixed("--");
}

status resolve_groups(train_options& options, const network& model) {
  const auto units = static_cast<int>(model.units.size());
  auto& split = options.settings.split;
  if (options.groups.value_or(1) > units)
    return option_error("groups", "expected at most " + std::to_string(units) + ", the units of --model " +
                                    model.description + ", got " + std::to_string(*options.groups) +
                                    "; use fewer groups or a deeper model");
  if (split.empty()) {
    auto even = split_evenly(model, options.groups.value_or(units));
    if (!even) return even.failure();
    split = std::move(*even);
    options.even_split = true;
  }
  if (auto covers = check_split(split, model); !covers) return as_option(covers.failure());
  options.groups.reset(); // `split` says it all
  return ok();
}

// Only several processes have a network between them that can be away.
status resolve_max_alone(train_options& options) {
  constexpr std::int64_t usual = 1000;
  auto& settings = options.settings;
  auto& wanted = settings.max_alone;
  const bool several = options.cluster.active(), predicts = capabilities_of(settings).predicts;
  if (wanted.value_or(0) > 0 && !several)
    return option_error("max-alone", "expected --listen or --local-nodes with it; leave it out");
  if (several && !wanted) wanted = predicts && !settings.deterministic ? usual : 0;
  return ok();
}

// Of the settings as they are now. Those of a number of epochs have no number of steps yet, which a schedule needs.
status check_resolved(const train_options& options, const network& model) {
  training_settings known = options.settings;
  if (options.epochs) known.schedule.clear();
  if (auto good = check_run(known, model, nullptr); !good) return as_option(good.failure());
  return ok();
}

// In an options file, '#' begins a comment.
status check_storable(const option_reader& reader) {
  for (const auto& group : reader.groups())
    for (const auto& row : group.rows)
      if (const auto value = row.get(); value && value->find_first_of("#\n") != std::string::npos)
        return option_error(row.name,
                            "'#' and line breaks cannot be kept in run.ini; rename what is called '" + *value + "'");
  return ok();
}

// What costs depend on may be known only now.
status complete_by(train_options& options, network& model, const dataset& data) {
  auto& settings = options.settings;
  auto text = complete_model(settings.model, data.target);
  if (text == settings.model) return ok();
  settings.model = std::move(text);
  auto whole = make_network(settings.model);
  if (!whole) return whole.failure().prefixed("--model: ");
  model = std::move(*whole);
  if (!options.even_split) return ok();
  auto even = split_evenly(model, static_cast<int>(settings.split.size()));
  if (!even) return even.failure();
  settings.split = std::move(*even);
  return ok();
}

constexpr std::uint64_t worth_a_word = 4; // from this part of the memory on

std::string available(const memory_room& room) {
  return byte_size(room.bytes) + (room.limited_by.empty()
                                    ? " of memory are available"
                                    : " are left by the memory limit of '" + room.limited_by + "'");
}

} // namespace

result<network> resolve_model(train_options& options, const option_reader& reader) {
  auto text = read_model(options.settings.model);
  if (!text) return text.failure().prefixed("--model: ");
  options.settings.model = std::move(*text);
  auto model = make_network(options.settings.model);
  if (!model) return model.failure().prefixed("--model: ");
  if (!reader.given("policy")) options.settings.policy = usual_policy(*model);
  if (!reader.given("windows") && !carrying_layer(*model).empty()) options.settings.continuing_windows = true;
  if (auto done = resolve_groups(options, *model); !done) return done.failure();
  if (options.target_error) options.settings.target = metric_target{"error", false, *options.target_error};
  options.target_error.reset(); // `target` says it now
  if (auto good = check_data_options(options.data, reader); !good) return good.failure();
  if (auto good = resolve_max_alone(options); !good) return good.failure();
  if (auto good = check_storable(reader); !good) return good.failure();
  if (auto good = check_resolved(options, *model); !good) return good.failure();
  options.settings.synthetic.kind = predictors_of(options.settings, *model).kind; // run.ini says what it is
  if (capabilities_of(options.settings).cuts_batches)
    options.settings.micro_batches = micro_batches_of(options.settings);
  return model;
}

status resolve_data(train_options& options, network& model, const dataset& data) {
  auto& settings = options.settings;
  settings.objective.of_text = data.train.is_text();
  if (auto done = complete_by(options, model, data); !done) return done;
  if (auto good = check_data(settings, model, data); !good) return as_option(good.failure());
  if (options.epochs) {
    const auto batches = static_cast<double>(training_rows(settings, data) / settings.batch_size);
    settings.steps = std::max<std::int64_t>(1, std::llround(std::min(*options.epochs * batches, 1e18)));
    options.epochs.reset(); // `steps` says it now
  }
  if (settings.trace.empty())
    settings.trace = usual_trace_mode(settings.steps, static_cast<std::int64_t>(settings.split.size()),
                                      *parse_size(settings.trace_limit));
  if (!settings.evaluate_every)
    settings.evaluate_every =
      settings.evaluate_every_s > 0 ? 0 : std::clamp<std::int64_t>(settings.steps / 10, 1, 1 << 30);
  return check_resolved(options, model);
}

std::string describe_epochs(const train_options& options, const dataset& data) {
  const auto rows = training_rows(options.settings, data), size = options.settings.batch_size,
             steps = options.settings.steps;
  const auto batches = rows / size, left_over = rows % size;
  if (data.train.is_text())
    return show_count(steps) + " steps of " + show_count(size * data.train.window) + " tokens are " +
           show_real(static_cast<double>(steps) / static_cast<double>(batches), 2) + " times the " +
           show_count(rows * data.train.window) + " that are trained on";
  if (left_over == 0 || steps < batches) return "";
  const auto epochs = static_cast<double>(steps) / static_cast<double>(batches);
  return show_count(steps) + (steps == 1 ? " step is " : " steps are ") + show_real(epochs, steps % batches ? 1 : 0) +
         (steps == batches ? " epoch of " : " epochs of ") + show_count(batches) +
         (batches == 1 ? " batch: " : " batches: ") + show_count(batches * size) + " of " + show_count(rows) +
         " samples, and the " + show_count(left_over) +
         (left_over == 1 ? " left over is another in each epoch" : " left over are others in each epoch");
}

result<std::string> check_memory(const train_options& options, const network& model, const memory_room& room) {
  const auto& settings = options.settings;
  auto layers = make_network(settings.model); // of its own: they are used up
  if (!layers) return layers.failure();
  const auto needs = memory_of_run(settings, std::move(*layers));
  if (!needs) return needs.failure();
  const auto held = needs->held(), waiting = needs->waiting(), at_most = needs->at_most();
  const auto credits = fmt::format("--credits {}", settings.credits);
  if (held > room.bytes)
    return error::resource(fmt::format("--model {} with --batch {}: weights, predictors and a single batch take about "
                                       "{}, and {}; use a smaller model or batch",
                                       model.description, settings.batch_size, byte_size(held), available(room)));
  if (held + waiting > room.bytes) {
    const auto fitting = (room.bytes - held) / 2 / std::max<std::uint64_t>(1, needs->data_batch);
    return error::resource(fmt::format("{}: the batches that wait before the first group take {}, and {}; use "
                                       "--credits {} or fewer, or a smaller --batch",
                                       credits, byte_size(waiting), available(room),
                                       std::max<std::uint64_t>(1, fitting)));
  }
  if (at_most < room.bytes / worth_a_word) return std::string();
  return fmt::format("{}memory: {} for weights, predictors and a batch, {} for batches that wait before the first "
                     "group, and up to {} with all that may be in flight ({}, --batch {}); {}",
                     at_most > room.bytes ? "warning: " : "", byte_size(held), byte_size(waiting), byte_size(at_most),
                     credits, settings.batch_size, available(room));
}

} // namespace syngrad::tools
