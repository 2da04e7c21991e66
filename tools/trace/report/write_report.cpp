#include "runtime/io/text_file.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/report/report.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <filesystem>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

// "runs/one/", "runs/one/trace" and "." are named after the run's folder.
std::string name_of_run(const std::string& folder) {
  std::error_code unknown;
  auto path = fs::absolute(folder, unknown).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.filename() == "trace") path = path.parent_path();
  return path.filename().string();
}

std::string summary_path(const std::string& folder) {
  const auto inside = fs::path(folder) / "summary.json";
  std::error_code unknown;
  return (fs::exists(inside, unknown) ? inside : fs::path(folder) / ".." / "summary.json").string();
}

std::string utc(std::int64_t realtime_ns) {
  const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  std::tm parts{};
  char text[40];
  if (!::gmtime_r(&seconds, &parts) || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return "";
  return text;
}

// A number of a JSON object; unknown where it is missing or null.
double number_in(const nlohmann::ordered_json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : run_summary::unknown;
}

} // namespace

run_summary read_run_summary(const std::string& path) {
  run_summary summary;
  const auto text = read_text_file(path);
  if (!text) return summary;
  const auto json = nlohmann::ordered_json::parse(*text, nullptr, false); // as written: the first metric judges
  if (!json.is_object()) return summary;
  if (const auto end = json.find("end"); end != json.end() && end->is_string()) summary.end = end->get<std::string>();
  const std::string judged = "test_";
  for (const auto& each : json.items()) {
    if (!each.key().starts_with(judged)) continue;
    summary.metric = each.key().substr(judged.size());
    summary.test_metric = number_in(json, each.key());
    break;
  }
  summary.samples_per_s = number_in(json, "samples_per_s");
  summary.wall_s = number_in(json, "wall_s");
  summary.steps = number_in(json, "steps");
  return summary;
}

report_data gather_report(const trace_run& run, const trace_filter& filter, const std::string& run_folder) {
  report_data data;
  data.run = name_of_run(run_folder);
  data.started = utc(run.realtime_at(run.begin_ns()));
  data.summary = read_run_summary(summary_path(run_folder));
  data.names = run.names();
  data.span_ns = run.end_ns() - run.begin_ns();
  data.records = run.records();
  data.lost = run.lost();
  data.sample = run.sample();
  data.ended = run.ended();
  data.nodes = run.nodes().size();
  data.clock_uncertainty_ns = run.clock_uncertainty_ns();
  for (const auto& damage : run.damage())
    data.damage.push_back(fmt::format("{}: {}, {} bytes left out.", damage.file, damage.what, damage.bytes));
  data.times = measure_utilisation(run, filter);
  for (const auto& found : find_bottlenecks(data.times, data.names)) data.bottlenecks.push_back(found.text);
  data.latency = measure_latency(run, filter);
  data.queues = measure_queues(run, filter);
  data.staleness = measure_staleness(run, filter);
  data.gradients = measure_gradients(run, filter);
  data.bytes = measure_traffic(run, filter);
  data.path = find_critical_path(run, filter, std::nullopt);
  data.locks = replay_locked(run, filter);
  return data;
}

status write_report(const trace_run& run, const trace_filter& filter, const std::string& run_folder,
                    output_file& file) {
  file.write(make_report(gather_report(run, filter, run_folder)));
  return file.commit();
}

status write_report(const std::string& run_folder, const std::string& path) {
  auto run = trace_run::open(run_folder);
  if (!run) return run.failure();
  auto file = output_file::create(path);
  if (!file) return file.failure();
  return write_report(*run, {}, run_folder, *file);
}

} // namespace syngrad::tools
