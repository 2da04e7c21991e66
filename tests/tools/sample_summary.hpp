// A run as tests imagine it: two groups, the upper one without a predictor.
#pragma once

#include "actors/summary.hpp"

#include <cmath>

namespace syngrad::test {

inline std::vector<group_report> sample_groups() {
  group_report lower;
  lower.group = 0;
  lower.layers = "0-1";
  lower.updates = 1200;
  lower.busy = 0.75;
  lower.starved = 0.125;
  lower.blocked = 0.0625;
  lower.staleness = 2.5;
  lower.cosine = 0.875;
  lower.norm_ratio = 0.5;
  lower.activation_rms = 0.625;
  lower.audit_cosine = lower.audit_norm_ratio = lower.audit_bias = std::nan("");
  lower.parameters = 1234567;
  lower.predictor_parameters = 4321;
  lower.predictor_share = 0.25;
  lower.dropped_targets = 3;
  group_report upper = lower;
  upper.group = 1;
  upper.layers = "2";
  upper.cosine = upper.norm_ratio = upper.activation_rms = std::nan("");
  upper.predictor_parameters = 0;
  return {lower, upper};
}

inline metric_values sample_error(double percent) {
  return metric_values({{{"error", "%", "error_percent"}, percent}});
}

inline training_summary sample_summary() {
  training_summary summary;
  summary.steps = 1200;
  summary.wall_s = 12.5;
  summary.trained_s = 11.5;
  summary.processor_s = 20.25;
  summary.steps_per_s = 96;
  summary.samples_per_s = 24576;
  summary.final_loss = 0.03125;
  summary.test = sample_error(1.5);
  summary.validation = sample_error(std::nan(""));
  summary.groups = sample_groups();
  return summary;
}

inline evaluation_report sample_evaluation(std::int64_t step) {
  evaluation_report report;
  report.step = step;
  report.wall_s = 2.5;
  report.trained_s = 2.25;
  report.train_loss = 0.5;
  report.loss = 0.25;
  report.metrics = sample_error(6.5);
  report.samples_per_s = 20000;
  report.groups = sample_groups();
  return report;
}

} // namespace syngrad::test
