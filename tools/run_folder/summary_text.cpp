#include "tools/run_folder/summary_text.hpp"

#include "runtime/io/json_writer.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

link_traffic traffic_of(const training_summary& summary) {
  link_traffic out;
  int factored = 0;
  for (const auto& group : summary.groups) {
    if (group.samples == 0) continue;
    if (group.gradient_rank > 0) {
      ++factored;
      out.rank += group.gradient_rank;
      out.error += group.gradient_error * group.gradient_error;
    }
    const auto a_sample = [&](std::int64_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(group.samples);
    };
    out.up += a_sample(group.bytes_from_below);
    out.down += a_sample(group.bytes_from_above);
    out.saved += a_sample(group.bytes_saved);
  }
  if (factored > 0) {
    out.rank /= factored;
    out.error = std::sqrt(out.error / factored);
  }
  return out;
}

namespace {

bool audited(const training_summary& summary) {
  return std::any_of(summary.groups.begin(), summary.groups.end(),
                     [](const auto& group) { return std::isfinite(group.audit_cosine); });
}

std::int64_t trained_alone(const training_summary& summary) {
  std::int64_t sum = 0;
  for (const auto& group : summary.groups) sum += group.alone;
  return sum;
}

bool gated(const training_summary& summary) {
  return std::any_of(summary.groups.begin(), summary.groups.end(), [](const auto& group) { return group.gate.any(); });
}

bool clipped(const training_summary& summary) {
  return std::any_of(summary.groups.begin(), summary.groups.end(), [](const auto& group) { return group.clipped > 0; });
}

// Three digits, whatever their size.
std::string show_digits(double value) {
  return std::isfinite(value) ? fmt::format("{:.3g}", value) : "-";
}

std::vector<std::string> cells_of(const group_report& group, bool with_audit, bool with_gate, bool with_alone,
                                  bool with_clipped) {
  std::vector<std::string> cells{std::to_string(group.group),    group.layers,
                                 std::to_string(group.updates),  show_percent(group.busy),
                                 show_percent(group.starved),    show_percent(group.blocked),
                                 show_real(group.staleness, 1),  show_real(group.cosine, 3),
                                 show_real(group.norm_ratio, 2), show_digits(group.activation_rms)};
  if (with_audit)
    cells.insert(cells.end(), {show_real(group.audit_cosine, 3), show_real(group.audit_norm_ratio, 2),
                               show_real(group.audit_bias, 2)});
  cells.insert(cells.end(), {show_count(group.parameters), show_count(group.predictor_parameters),
                             show_count(std::llround((group.multiply_adds + group.optimizer_multiply_adds) * 1e-6)),
                             show_percent(group.predictor_share), std::to_string(group.dropped_targets)});
  if (with_gate)
    cells.insert(cells.end(), {std::to_string(group.gate.predicting), std::to_string(group.gate.correcting),
                               std::to_string(group.gate.waiting), std::to_string(group.gate.turns)});
  if (with_alone) cells.push_back(std::to_string(group.alone));
  if (with_clipped) cells.push_back(std::to_string(group.clipped));
  return cells;
}

// Empty where everything stays in one process.
std::string describe(const link_traffic& traffic, const counted_unit& unit) {
  if (!traffic.any()) return "";
  const auto of_one = [&](double a_sample) {
    return show_count(std::llround(a_sample / static_cast<double>(unit.a_sample)));
  };
  auto text = "over links, bytes a " + unit.one + ": " + of_one(traffic.up) + " up, " + of_one(traffic.down) + " down";
  if (traffic.saved > 0)
    text += "; gradients left out saved " + of_one(traffic.saved) + ", " + show_percent(traffic.saved_share()) +
            " of what all would take";
  if (traffic.rank > 0)
    text +=
      "; gradients as factors of " + show_real(traffic.rank, 1) + " columns, " + show_percent(traffic.error) + " off";
  return text + "\n";
}

std::string describe_warnings(const training_summary& summary) {
  std::string text;
  for (const auto& each : summary.warnings) text += "warning: " + each + "\n";
  return text;
}

std::string ending(run_end end) {
  switch (end) {
  case run_end::finished:
    return "";
  case run_end::target_reached:
    return "target reached: ";
  case run_end::time_over:
    return "time is over: ";
  case run_end::interrupted:
    return "interrupted: ";
  case run_end::failed:
    return "failed: ";
  case run_end::hung:
    break;
  }
  return "hung: ";
}

} // namespace

std::string format_groups(const training_summary& summary) {
  const bool with_audit = audited(summary), with_gate = gated(summary), with_alone = trained_alone(summary) > 0,
             with_clipped = clipped(summary);
  std::vector<std::string> titles{"group",   "units",     "updates", "busy",  "starved",
                                  "blocked", "staleness", "cosine",  "norms", "|h|"};
  if (with_audit) titles.insert(titles.end(), {"audit cos", "audit norms", "audit bias"});
  titles.insert(titles.end(), {"params", "pred. params", "work", "pred. work", "dropped"});
  if (with_gate) titles.insert(titles.end(), {"predicting", "correcting", "waiting", "turns"});
  if (with_alone) titles.emplace_back("alone");
  if (with_clipped) titles.emplace_back("clipped");
  text_table table(titles);
  for (const auto& group : summary.groups) table.add(cells_of(group, with_audit, with_gate, with_alone, with_clipped));
  return table.str() +
         "starved, blocked: waiting for input, for room above. staleness: updates between forward and its gradient.\n"
         "cosine, norms: of the predicted against the received gradient. |h|: root mean square of what went up.\n"
         "work: millions of multiply-adds a step, of layers and optimizer. pred. work: the predictor's share of "
         "all.\n" +
         (with_audit ? "audit: what was applied against the true gradient.\n" : "") +
         (with_gate ? "predicting, correcting, waiting: batches that the gate let be trained so; turns: from one to "
                      "another.\n"
                    : "") +
         (with_alone ? "alone: batches that ended at the group while the network above it was away; not among the "
                       "steps.\n"
                     : "") +
         (with_clipped ? "clipped: updates whose gradient was scaled down to --clip-norm.\n" : "") +
         describe(traffic_of(summary), summary.unit) + describe_warnings(summary);
}

std::string format_last_line(const training_summary& summary, const std::string& folder) {
  auto line = ending(summary.end) + "test " + show_metric(summary.test.judge());
  if (!summary.validation.empty() && std::isfinite(summary.validation.judge().value))
    line += ", validation " + show_metric(summary.validation.judge());
  line += fmt::format(", {} steps in {} s, {}", summary.steps, show_real(summary.wall_s, 1),
                      show_rate(summary.samples_per_s, summary.unit));
  if (summary.nonfinite_skipped > 0)
    line += fmt::format(", {} batches skipped (NaN or Inf)", summary.nonfinite_skipped);
  if (const auto alone = trained_alone(summary); alone > 0)
    line += fmt::format(", {} more batches trained alone", alone);
  return line + "; results in " + folder;
}

namespace {

std::int64_t whole(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

void write_group(json_writer& json, const group_report& group) {
  json.begin_object();
  json.key("group").number(std::int64_t{group.group});
  json.key("layers").text(group.layers);
  json.key("updates").number(group.updates);
  json.key("clipped_updates").number(group.clipped);
  json.key("busy").number(group.busy);
  json.key("starved").number(group.starved);
  json.key("blocked").number(group.blocked);
  json.key("staleness_updates").number(group.staleness);
  json.key("cosine").number(group.cosine);
  json.key("norm_ratio").number(group.norm_ratio);
  json.key("activation_rms").number(group.activation_rms);
  json.key("residual_weight").number(group.residual_weight);
  json.key("batches_predicting").number(group.gate.predicting);
  json.key("batches_correcting").number(group.gate.correcting);
  json.key("batches_waiting").number(group.gate.waiting);
  json.key("gate_turns").number(group.gate.turns);
  json.key("audit_cosine").number(group.audit_cosine);
  json.key("audit_norm_ratio").number(group.audit_norm_ratio);
  json.key("audit_bias").number(group.audit_bias);
  json.key("parameters").number(group.parameters);
  json.key("predictor_parameters").number(group.predictor_parameters);
  json.key("multiply_adds_per_step").number(group.multiply_adds);
  json.key("optimizer_multiply_adds_per_step").number(group.optimizer_multiply_adds);
  json.key("predictor_multiply_adds_per_step").number(group.predictor_multiply_adds);
  json.key("predictor_share").number(group.predictor_share);
  json.key("dropped_targets").number(group.dropped_targets);
  json.key("weight_bytes").number(whole(group.weight_bytes));
  json.key("gradient_bytes").number(whole(group.gradient_bytes));
  json.key("moment_bytes").number(whole(group.moment_bytes));
  json.key("predictor_bytes").number(whole(group.predictor_bytes));
  json.key("most_in_flight").number(group.most_in_flight);
  json.key("cache_bytes").number(whole(group.cache_bytes));
  json.key("bytes_from_below").number(group.bytes_from_below);
  json.key("bytes_from_above").number(group.bytes_from_above);
  json.key("bytes_saved").number(group.bytes_saved);
  json.key("gradient_rank").number(group.gradient_rank);
  json.key("gradient_error").number(group.gradient_error);
  json.key("alone").number(group.alone);
  json.end_object();
}

// Null where everything stays in one process.
void write_traffic(json_writer& json, const link_traffic& traffic) {
  const auto entry = [&](const char* key, double value) {
    json.key(key);
    traffic.any() ? json.number(value) : json.null();
  };
  entry("link_bytes_per_sample_up", traffic.up);
  entry("link_bytes_per_sample_down", traffic.down);
  entry("link_bytes_per_sample_saved", traffic.saved);
}

void write_classes(json_writer& json, std::span<const std::string> names) {
  json.key("classes");
  if (names.empty()) {
    json.null();
    return;
  }
  json.begin_array();
  for (const auto& name : names) json.text(name);
  json.end_array();
}

void write_metrics(json_writer& json, const std::string& prefix, const metric_values& values) {
  for (const auto& each : values)
    if (each.of.listed) json.key((prefix + each.of.column).c_str()).number(each.value);
}

void write_memory(json_writer& json, const held_memory& held) {
  json.begin_object();
  json.key("node").text(held.node);
  json.key("device").text(held.device);
  json.key("memory_bytes").number(whole(held.bytes));
  json.key("host_visible_bytes").number(whole(held.pinned_bytes));
  json.end_object();
}

void write_device(json_writer& json, const device_report& device) {
  json.begin_object();
  json.key("device").text(device.name);
  json.key("groups").text(device.groups);
  json.key("memory_bytes").number(whole(device.memory_bytes));
  json.key("host_visible_bytes").number(whole(device.host_visible_bytes));
  json.key("allocations").number(whole(device.allocations));
  json.end_object();
}

} // namespace

const char* name_of(run_end end) {
  switch (end) {
  case run_end::finished:
    return "finished";
  case run_end::target_reached:
    return "target_reached";
  case run_end::time_over:
    return "time_over";
  case run_end::interrupted:
    return "interrupted";
  case run_end::failed:
    return "failed";
  case run_end::hung:
    break;
  }
  return "hung";
}

std::string format_summary_json(const training_summary& summary, std::span<const device_report> devices,
                                std::span<const std::string> class_names) {
  json_writer json;
  json.begin_object();
  json.key("end").text(name_of(summary.end));
  json.key("failure");
  summary.failure.empty() ? json.null() : json.text(summary.failure);
  write_metrics(json, "test_", summary.test);
  write_metrics(json, "validation_", summary.validation);
  json.key("final_loss").number(summary.final_loss);
  json.key("steps").number(summary.steps);
  json.key("steps_per_s").number(summary.steps_per_s);
  json.key("samples_per_s").number(summary.samples_per_s);
  json.key("unit").text(summary.unit.name);
  json.key("units_a_sample").number(summary.unit.a_sample);
  json.key("data_wait_s").number(summary.data_wait_s);
  json.key("data_wait_share").number(summary.data_wait_share);
  json.key("wall_s").number(summary.wall_s);
  json.key("trained_s").number(summary.trained_s);
  json.key("processor_s").number(summary.processor_s);
  json.key("joules").number(summary.joules);
  json.key("warnings").begin_array();
  for (const auto& each : summary.warnings) json.text(each);
  json.end_array();
  json.key("nonfinite_skipped").number(summary.nonfinite_skipped);
  json.key("allocations_while_warm").number(whole(summary.allocations_while_warm));
  json.key("device_bytes").number(whole(summary.device_bytes));
  json.key("most_bytes_in_use").number(whole(summary.most_bytes_in_use));
  write_traffic(json, traffic_of(summary));
  write_classes(json, class_names);
  json.key("devices").begin_array();
  for (const auto& device : devices) write_device(json, device);
  json.end_array().key("memory").begin_array();
  for (const auto& held : summary.memory) write_memory(json, held);
  json.end_array().key("groups").begin_array();
  for (const auto& group : summary.groups) write_group(json, group);
  return json.end_array().end_object().str() + "\n";
}

} // namespace syngrad::tools
