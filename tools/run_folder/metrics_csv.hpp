// metrics.csv: one row an evaluation, written and visible at once. What was not measured is an empty field.
//
// Columns: step, wall_s, samples_per_s, train_loss and loss with their unit (train_loss_nats of cross-entropy), each
// listed metric of the objective (error_percent), judged_on (test or validation), then for each group groupN_busy
// (share of its time), groupN_cosine and groupN_norm_ratio (of the prediction at its upper interface against the
// gradient received), groupN_staleness_updates.
#pragma once

#include "actors/summary.hpp"
#include "models/objective.hpp"
#include "tools/run_folder/growing_file.hpp"

namespace syngrad::tools {

class metrics_csv {
public:
  static result<metrics_csv> create(const std::string& path, const objective&, int groups);

  // All rows so far in a new file, to which the next ones go. Once.
  result<metrics_csv> continued_at(const std::string& path);

  status append(const evaluation_report&);

private:
  metrics_csv(growing_file file, int groups) : file_(std::move(file)), groups_(groups) {}

  growing_file file_;
  int groups_;
};

} // namespace syngrad::tools
