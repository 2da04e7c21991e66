#include "tools/train/resolve.hpp"

#include "actors/run_check.hpp"
#include "actors/update_policy.hpp"
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/train/trace_mode.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace syngrad::tools {

namespace {

constexpr std::int64_t most_units = 1 << 16;

// A fault that a check of the run's settings found: its message begins with the setting, which is the option.
error as_option(const error& fault) {
  return {"--" + fault.message};
}

result<std::vector<int>> parse_split(const std::string& text) {
  std::vector<int> split;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto number = parse_whole(text.substr(begin, end - begin));
    if (!number || std::abs(*number) > most_units)
      return option_error("split", "expected numbers of units with commas between, got '" + text +
                                     "'; write for example --split 2,2,2");
    split.push_back(static_cast<int>(*number));
    begin = end + 1;
  }
  return split;
}

status resolve_groups(train_options& options, const network& model) {
  const auto units = static_cast<int>(model.units.size());
  if (options.groups.value_or(1) > units)
    return option_error("groups", "expected at most " + std::to_string(units) + ", the units of --model " +
                                    options.model + ", got " + std::to_string(*options.groups) +
                                    "; use fewer groups or a deeper model");
  auto split = options.split.empty() ? split_evenly(model, options.groups.value_or(units)) : parse_split(options.split);
  if (!split) return split.failure();
  if (auto covers = check_split(*split, model); !covers) return as_option(covers.failure());
  options.settings.split = *split;
  options.split = join_text(*split, ",");
  options.groups.reset(); // `split` says it all
  return ok();
}

status resolve_audit(train_options& options) {
  constexpr std::string_view prefix = "every:";
  if (options.audit == "off") return ok();
  const auto number =
    options.audit.starts_with(prefix) ? parse_whole(options.audit.substr(prefix.size())) : std::nullopt;
  if (!number || *number < 1)
    return option_error("audit", "expected every:N with N at least 1, or off, got '" + options.audit +
                                   "'; write for example --audit every:50");
  options.settings.audit_every = *number;
  return ok();
}

status resolve_gradients(train_options& options) {
  const auto wanted = gradient_demand::parse(options.gradients);
  if (!wanted) return option_error("gradients", wanted.message());
  options.settings.gradients = *wanted;
  return ok();
}

status resolve_target(train_options& options) {
  auto& target = options.settings.target;
  if (options.target_error) target = metric_target{"error", false, *options.target_error};
  if (options.target.empty()) return ok();
  auto read = metric_target::parse(options.target);
  if (!read) return option_error("target", read.message());
  target = *read;
  return ok();
}

status check_combinations(const train_options& options, const option_reader& reader) {
  const bool csv = options.data.starts_with("csv:");
  for (const auto* name : {"label-column", "delimiter"})
    if (reader.given(name) && !csv)
      return option_error(name, "expected --data csv:FILE with it, got --data " + options.data + "; leave it out");
  if (reader.given("labels") && options.data == "digits")
    return option_error("labels", "expected --data csv:FILE or mnist:DIR with it, got --data digits; leave it out");
  return ok();
}

// Only several processes have a network between them that can be away.
status resolve_max_alone(train_options& options) {
  constexpr int usual = 1000;
  auto& settings = options.settings;
  auto& wanted = options.cluster.max_alone;
  const bool several = options.cluster.active(), predicts = capabilities_of(settings.policy).predicts;
  if (wanted.value_or(0) > 0 && !several)
    return option_error("max-alone", "expected --listen or --local-nodes with it; leave it out");
  if (several && !wanted) wanted = predicts && !settings.deterministic ? usual : 0;
  settings.max_alone = wanted.value_or(0);
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

} // namespace

result<network> resolve_model(train_options& options, const option_reader& reader) {
  auto model = make_network(options.model);
  if (!model) return error{"--model: " + model.message()};
  if (auto done = resolve_groups(options, *model); !done) return done.failure();
  if (auto done = resolve_audit(options); !done) return done.failure();
  if (auto done = resolve_gradients(options); !done) return done.failure();
  if (auto done = resolve_target(options); !done) return done.failure();
  if (auto good = check_combinations(options, reader); !good) return good.failure();
  if (auto good = resolve_max_alone(options); !good) return good.failure();
  if (auto good = check_storable(reader); !good) return good.failure();
  if (auto good = check_settings(options.settings); !good) return as_option(good.failure());
  options.settings.synthetic.labels = options.condition == "labels";
  options.settings.skip_nonfinite = options.on_nonfinite == "skip";
  options.settings.cuda_graphs = options.devices.graphs();
  return model;
}

status resolve_data(train_options& options, const network& model, const dataset& data) {
  auto& settings = options.settings;
  if (auto good = check_data(settings, model, data); !good) return as_option(good.failure());
  if (options.epochs) {
    const auto batches = static_cast<double>(training_rows(settings, data) / settings.batch_size);
    settings.steps = std::max<std::int64_t>(1, std::llround(std::min(*options.epochs * batches, 1e18)));
    options.epochs.reset(); // `steps` says it now
  }
  if (options.trace.empty())
    options.trace = usual_trace_mode(settings.steps, static_cast<std::int64_t>(settings.split.size()),
                                     *parse_size(options.trace_limit));
  const auto tenth = std::clamp<std::int64_t>(settings.steps / 10, 1, 1 << 30);
  if (!options.evaluate_every) options.evaluate_every = static_cast<int>(tenth);
  settings.evaluate_every = *options.evaluate_every;
  if (options.decay != "none") settings.decay = options.decay;
  if (auto good = check_settings(settings); !good) return as_option(good.failure());
  return ok();
}

std::string describe_epochs(const train_options& options, const dataset& data) {
  const auto rows = training_rows(options.settings, data), size = options.settings.batch_size,
             steps = options.settings.steps;
  const auto batches = rows / size, left_over = rows % size;
  if (left_over == 0 || steps < batches) return "";
  const auto epochs = static_cast<double>(steps) / static_cast<double>(batches);
  return show_count(steps) + (steps == 1 ? " step is " : " steps are ") + show_real(epochs, steps % batches ? 1 : 0) +
         (steps == batches ? " epoch of " : " epochs of ") + show_count(batches) +
         (batches == 1 ? " batch: " : " batches: ") + show_count(batches * size) + " of " + show_count(rows) +
         " samples, and the " + show_count(left_over) +
         (left_over == 1 ? " left over is another in each epoch" : " left over are others in each epoch");
}

} // namespace syngrad::tools
