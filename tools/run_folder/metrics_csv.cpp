#include "tools/run_folder/metrics_csv.hpp"

#include "tools/command_line/option_row.hpp"

#include <cmath>

namespace syngrad::tools {

namespace {

std::string field(double value) {
  return "," + (std::isfinite(value) ? format_real(static_cast<float>(value)) : std::string());
}

} // namespace

result<metrics_csv> metrics_csv::create(const std::string& path, const objective& judge, int groups) {
  auto file = growing_file::create(path);
  if (!file) return file.failure();
  const auto loss = "loss" + (judge.loss_unit().empty() ? "" : "_" + judge.loss_unit());
  auto header = "step,wall_s,samples_per_s,train_" + loss + "," + loss;
  for (const auto& each : judge.metrics())
    if (each.listed) header += "," + each.column;
  header += ",judged_on";
  for (int i = 0; i < groups; ++i) {
    const auto prefix = ",group" + std::to_string(i) + "_";
    header += prefix + "busy" + prefix + "cosine" + prefix + "norm_ratio" + prefix + "staleness_updates";
  }
  if (auto done = file->append(header + "\n"); !done) return done.failure();
  return metrics_csv(std::move(*file), groups);
}

result<metrics_csv> metrics_csv::continued_at(const std::string& path) {
  auto file = file_.continued_at(path);
  if (!file) return file.failure();
  return metrics_csv(std::move(*file), groups_);
}

status metrics_csv::append(const evaluation_report& report) {
  auto row = std::to_string(report.step) + field(report.wall_s) + field(report.samples_per_s) +
             field(report.train_loss) + field(report.loss);
  for (const auto& each : report.metrics)
    if (each.of.listed) row += field(each.value);
  row += report.on_validation ? ",validation" : ",test";
  for (int i = 0; i < groups_; ++i) {
    if (static_cast<std::size_t>(i) >= report.groups.size()) {
      row += ",,,,";
      continue;
    }
    const auto& group = report.groups[static_cast<std::size_t>(i)];
    row += field(group.busy) + field(group.cosine) + field(group.norm_ratio) + field(group.staleness);
  }
  return file_.append(row + "\n");
}

} // namespace syngrad::tools
