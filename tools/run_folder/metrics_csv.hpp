// metrics.csv: one row an evaluation, written and visible at once. What was not measured is an empty field.
//
// Columns: step, wall_s, samples_per_s, train_loss_nats and loss_nats (cross-entropy), error_percent, judged_on (test
// or validation), then for each group groupN_busy (share of its time), groupN_cosine and groupN_norm_ratio (of the
// prediction at its upper interface against the gradient received), groupN_staleness_updates.
#pragma once

#include "actors/summary.hpp"
#include "runtime/io/file_descriptor.hpp"

namespace syngrad::tools {

class metrics_csv {
public:
  static result<metrics_csv> create(const std::string& path, int groups);

  status append(const evaluation_report&);

private:
  metrics_csv(file_descriptor file, int groups) : file_(std::move(file)), groups_(groups) {}

  file_descriptor file_;
  int groups_;
};

} // namespace syngrad::tools
