#include "tools/compare/run_result.hpp"

#include "runtime/io/output_file.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"
#include "tools/run_folder/summary_file.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

constexpr const char* failure_name = "failure.txt";

// A column of a file with fields between commas, none of which is quoted; empty where there is none.
std::vector<std::string_view> column_of(const std::vector<std::vector<std::string_view>>& rows, std::string_view name) {
  if (rows.empty()) return {};
  const auto& head = rows.front();
  const auto at = static_cast<std::size_t>(std::find(head.begin(), head.end(), name) - head.begin());
  std::vector<std::string_view> out;
  for (std::size_t i = 1; i < rows.size(); ++i) out.push_back(at < rows[i].size() ? rows[i][at] : std::string_view());
  return out;
}

// Where the run has a validation set, the last evaluation is on the test set: it is left out.
std::vector<run_result::look> looks_of(const std::string& path, const std::string& metric) {
  std::vector<run_result::look> out;
  const auto text = read_text_file(path);
  if (!text) return out;
  std::vector<std::vector<std::string_view>> rows;
  for (const auto line : split_text(*text, '\n'))
    if (!line.empty()) rows.push_back(split_text(line, ','));
  const auto times = column_of(rows, "trained_s"), values = column_of(rows, metric),
             sets = column_of(rows, "judged_on");
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto time = parse_number<double>(times[i]), value = parse_number<double>(values[i]);
    if (time && value && sets[i] == sets.front()) out.push_back({*time, *value});
  }
  return out;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  std::size_t count = 0;
  for (const auto each : values)
    if (std::isfinite(each)) {
      sum += each;
      ++count;
    }
  return count == 0 ? no_number : sum / static_cast<double>(count);
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const auto each : values)
    if (std::isfinite(each)) sum += each;
  return values.empty() ? no_number : sum;
}

run_result::standing standing_of(const std::string& end) {
  if (end == "finished" || end == "time_over") return run_result::standing::finished;
  if (end == "target_reached") return run_result::standing::reached;
  if (end == "failed" || end == "hung") return run_result::standing::failed;
  return run_result::standing::partial; // interrupted
}

} // namespace

double run_result::best_metric() const {
  double best = no_number;
  for (const auto& each : looks) best = std::isnan(best) ? each.metric : std::min(best, each.metric);
  return best;
}

double run_result::time_to(double level) const {
  for (const auto& each : looks)
    if (each.metric <= level) return each.trained_s;
  return no_number;
}

run_result read_run_result(const std::string& folder) {
  run_result out;
  std::error_code unknown;
  if (!fs::exists(folder, unknown)) return out;
  out.state = run_result::standing::partial;
  const auto in = [&](const char* name) { return (fs::path(folder) / name).string(); };
  if (fs::exists(in(failure_name), unknown)) {
    const auto why = read_text_file(in(failure_name));
    out.state = run_result::standing::failed;
    out.why = why ? why->substr(0, why->find('\n')) : "for an unknown reason";
    return out;
  }
  const auto summary = read_summary_file(in("summary.json"));
  if (!summary) return out;
  out.state = standing_of(summary->text("end"));
  out.why = summary->text("failure");
  out.metric_name = summary->judging_metric();
  out.looks = looks_of(in("metrics.csv"), out.metric_name);
  out.trained_s = summary->number("trained_s");
  out.wall_s = summary->number("wall_s");
  out.steps = summary->number("steps");
  out.steps_per_s = summary->number("steps_per_s");
  out.bytes_up = summary->number("link_bytes_per_sample_up");
  out.bytes_down = summary->number("link_bytes_per_sample_down");
  out.memory_bytes = summary->number("most_bytes_in_use");
  out.processor_s = summary->number("processor_s");
  out.joules = summary->number("joules");
  const auto of_groups = [&](const char* key) { return summary->of_groups(key); };
  out.staleness = mean_of(of_groups("staleness_updates"));
  out.parameters = sum_of(of_groups("parameters"));
  out.predictor_parameters = sum_of(of_groups("predictor_parameters"));
  out.predictor_multiply_adds = sum_of(of_groups("predictor_multiply_adds_per_step"));
  out.multiply_adds = sum_of(of_groups("multiply_adds_per_step")) +
                      sum_of(of_groups("optimizer_multiply_adds_per_step")) + out.predictor_multiply_adds;
  return out;
}

status note_failure(const std::string& folder, const std::string& why) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  auto file = atomic_file::create((fs::path(folder) / failure_name).string());
  if (!file) return file.failure();
  if (auto done = file->write(why.substr(0, why.find('\n')) + "\n"); !done) return done;
  return file->commit();
}

} // namespace syngrad::tools
