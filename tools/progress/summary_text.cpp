#include "tools/progress/summary_text.hpp"

#include "tools/progress/link_traffic.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

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

std::vector<std::string> cells_of(const group_report& group, bool with_audit, bool with_alone) {
  std::vector<std::string> cells{std::to_string(group.group),   group.layers,
                                 std::to_string(group.updates), show_percent(group.busy),
                                 show_percent(group.starved),   show_percent(group.blocked),
                                 show_real(group.staleness, 1), show_real(group.cosine, 3),
                                 show_real(group.norm_ratio, 2)};
  if (with_audit)
    cells.insert(cells.end(), {show_real(group.audit_cosine, 3), show_real(group.audit_norm_ratio, 2),
                               show_real(group.audit_bias, 2)});
  cells.insert(cells.end(), {show_count(group.parameters), show_count(group.predictor_parameters),
                             show_percent(group.predictor_share), std::to_string(group.dropped_targets)});
  if (with_alone) cells.push_back(std::to_string(group.alone));
  return cells;
}

// Empty where everything stays in one process.
std::string describe(const link_traffic& traffic) {
  if (!traffic.any()) return "";
  auto text = "over links, bytes a sample: " + show_count(std::llround(traffic.up)) + " up, " +
              show_count(std::llround(traffic.down)) + " down";
  if (traffic.saved > 0)
    text += "; --gradients saved " + show_count(std::llround(traffic.saved)) + ", " +
            show_percent(traffic.saved_share()) + " of what all would take";
  return text + "\n";
}

std::string ending(run_end end) {
  switch (end) {
  case run_end::finished:
    return "";
  case run_end::target_reached:
    return "target reached: ";
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
  const bool with_audit = audited(summary), with_alone = trained_alone(summary) > 0;
  std::vector<std::string> titles{"group",   "units",     "updates", "busy", "starved",
                                  "blocked", "staleness", "cosine",  "norms"};
  if (with_audit) titles.insert(titles.end(), {"audit cos", "audit norms", "audit bias"});
  titles.insert(titles.end(), {"params", "pred. params", "pred. work", "dropped"});
  if (with_alone) titles.emplace_back("alone");
  text_table table(titles);
  for (const auto& group : summary.groups) table.add(cells_of(group, with_audit, with_alone));
  return table.str() +
         "starved, blocked: waiting for input, for room above. staleness: updates between forward and its gradient.\n"
         "cosine, norms: of the predicted against the received gradient. pred. work: share of multiply-adds.\n" +
         (with_audit ? "audit: what was applied against the true gradient.\n" : "") +
         (with_alone ? "alone: batches that ended at the group while the network above it was away; not among the "
                       "steps.\n"
                     : "") +
         describe(traffic_of(summary));
}

std::string format_last_line(const training_summary& summary, const std::string& folder) {
  auto line = ending(summary.end) + "test " + show_metric(summary.test.judge());
  if (!summary.validation.empty() && std::isfinite(summary.validation.judge().value))
    line += ", validation " + show_metric(summary.validation.judge());
  line += ", " + std::to_string(summary.steps) + " steps in " + show_real(summary.wall_s, 1) + " s, " +
          show_count(std::llround(summary.samples_per_s)) + " samples/s";
  if (summary.nonfinite_skipped > 0)
    line += ", " + std::to_string(summary.nonfinite_skipped) + " batches skipped (NaN or Inf)";
  if (const auto alone = trained_alone(summary); alone > 0)
    line += ", " + std::to_string(alone) + " more batches trained alone";
  return line + "; results in " + folder;
}

} // namespace syngrad::tools
