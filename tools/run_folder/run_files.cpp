#include "tools/run_folder/run_files.hpp"

#include <chrono>
#include <unistd.h>

namespace syngrad::tools {

namespace {

constexpr std::size_t summary_bytes_a_group = 1024; // more than its JSON ever takes

std::string events_name(double now) {
  return "events.out.tfevents." + std::to_string(static_cast<std::int64_t>(now)) + ".syngrad";
}

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

status write_options(const std::string& path, const std::string& text) {
  auto file = growing_file::create(path);
  return file ? file->append(text) : status(file.failure());
}

// Removes files again where not all of them could be made: those that were.
class made_files {
public:
  ~made_files() {
    for (const auto& each : names) ::unlink(each.c_str());
  }
  std::vector<std::string> names;
};

} // namespace

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

result<std::unique_ptr<run_files>> run_files::create(const run_folder& folder, const recording_plan& wanted,
                                                     run_files* before) {
  made_files made;
  const auto now = seconds_since_1970();
  const auto options = folder.file("run.ini"), rows = folder.file("metrics.csv"),
             scalars = folder.file(events_name(now));
  auto weights = atomic_file::create(folder.file("weights.safetensors"), wanted.weight_bytes);
  if (!weights) return weights.failure();
  auto summary_bytes = summary_bytes_a_group * (static_cast<std::size_t>(wanted.groups) + 4);
  for (const auto& name : wanted.class_names) summary_bytes += 16 + 6 * name.size(); // each byte escaped
  auto summary = atomic_file::create(folder.file("summary.json"), summary_bytes);
  if (!summary) return summary.failure();
  auto metrics = before ? before->metrics.continued_at(rows)
                        : metrics_csv::create(rows, **make_objective(wanted.objective), wanted.groups);
  if (!metrics) return metrics.failure();
  made.names.push_back(rows);
  auto events = before ? before->events.continued_at(scalars) : tensorboard_events::create(scalars, now);
  if (!events) return events.failure();
  made.names.push_back(scalars);
  if (auto done = write_options(options, wanted.run_ini); !done) return done.failure();
  made.names.push_back(options);
  return std::unique_ptr<run_files>(new run_files{std::move(*weights), std::move(*summary), std::move(*metrics),
                                                  std::move(*events), std::exchange(made.names, {})});
}

void run_files::follow(const run_folder& folder) {
  if (weights) weights->follow(folder.path());
  if (summary) summary->follow(folder.path());
  for (auto& each : names) each = folder.file(name_in(each));
}

void run_files::discard() {
  for (const auto& each : names) ::unlink(each.c_str());
}

} // namespace syngrad::tools
