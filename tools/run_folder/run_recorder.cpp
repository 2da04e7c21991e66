#include "tools/run_folder/run_recorder.hpp"

#include "runtime/io/output_file.hpp"
#include "tools/run_folder/metrics_files.hpp"
#include "tools/run_folder/summary_text.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <unistd.h>

namespace syngrad::tools {

namespace {

constexpr std::size_t summary_bytes_a_group = 1536; // more than its JSON ever takes

std::string events_name(double now) {
  return "events.out.tfevents." + std::to_string(static_cast<std::int64_t>(now)) + ".syngrad";
}

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

status write_whole(const std::string& path, const std::string& text) {
  auto file = atomic_file::create(path);
  if (!file) return file.failure();
  if (auto done = file->write(text); !done) return done;
  return file->commit();
}

status write_options(const std::string& path, const std::string& text) {
  auto file = growing_file::create(path);
  return file ? file->append(text) : status(file.failure());
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
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

// The files that a run has open while it goes on. Space for weights and summary is taken when they are made.
struct run_files {
  std::optional<atomic_file> weights, summary; // null once written
  metrics_csv metrics;
  tensorboard_events events;
  std::vector<std::string> names; // of those that are not made by commit()

  // Makes every file; on failure nothing stays. `before` (null: nothing): what it has is copied, and not used any more.
  static result<std::unique_ptr<run_files>> create(const run_folder&, const run_recorder::plan&, run_files* before);
  // The folder has another name.
  void follow(const run_folder&);
  // Removes all of them.
  void discard();
};

result<std::unique_ptr<run_files>> run_files::create(const run_folder& folder, const run_recorder::plan& wanted,
                                                     run_files* before) {
  made_files made;
  const auto now = seconds_since_1970();
  const auto options = folder.file("run.ini"), about = folder.file(data_file_name), rows = folder.file("metrics.csv"),
             scalars = folder.file(events_name(now));
  auto weights = atomic_file::create(folder.file(last_weights_name), wanted.weight_bytes);
  if (!weights) return weights.failure();
  auto summary_bytes = summary_bytes_a_group * (static_cast<std::size_t>(wanted.groups) + 4);
  for (const auto& name : wanted.data.class_names) summary_bytes += 16 + 6 * name.size(); // each byte escaped
  auto summary = atomic_file::create(folder.file("summary.json"), summary_bytes);
  if (!summary) return summary.failure();
  const auto judge = make_objective(wanted.objective);
  const auto& step = wanted.goes_on_from;
  const bool goes_on = step && !before;
  auto metrics = before ? before->metrics.continued_at(rows)
                 : step ? metrics_csv::resume(rows, **judge, wanted.groups, *step)
                        : metrics_csv::create(rows, **judge, wanted.groups);
  if (!metrics) return metrics.failure();
  if (!goes_on) made.names.push_back(rows);
  auto events = before ? before->events.continued_at(scalars)
                : step ? tensorboard_events::resume(folder.path(), scalars, now, *step)
                       : tensorboard_events::create(scalars, now);
  if (!events) return events.failure();
  if (!goes_on) made.names.push_back(scalars);
  if (auto done = goes_on ? write_whole(options, wanted.run_ini) : write_options(options, wanted.run_ini); !done)
    return done.failure();
  if (goes_on) {
    if (auto done = write_whole(about, format_data_file(wanted.data)); !done) return done.failure();
    return std::unique_ptr<run_files>(
      new run_files{std::move(*weights), std::move(*summary), std::move(*metrics), std::move(*events), {}});
  }
  made.names.push_back(options);
  if (auto done = write_whole(about, format_data_file(wanted.data)); !done) return done.failure();
  made.names.push_back(about);
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

namespace {

using named_tensors = std::span<const layer_group::named_tensor>;

std::vector<scalar> scalars_of(const evaluation_report& report) {
  const std::string judged_on = report.on_validation ? "/validation" : "/test";
  std::vector<scalar> scalars{{"loss/train", report.train_loss}, {"loss" + judged_on, report.loss}};
  for (const auto& each : report.metrics)
    if (each.of.listed) scalars.push_back({each.of.column + judged_on, each.value});
  scalars.push_back({"speed/samples_per_s", report.samples_per_s});
  for (const auto& group : report.groups) {
    const auto interface = "/interface_" + std::to_string(group.group);
    scalars.push_back({"cosine" + interface, group.cosine});
    scalars.push_back({"norm_ratio" + interface, group.norm_ratio});
    scalars.push_back({"activation_rms" + interface, group.activation_rms});
  }
  return scalars;
}

// Where a run goes on whose folder was removed: there again, beside it, and where everybody may write.
std::vector<std::string> folders_after(const std::string& lost) {
  constexpr int most = 9;
  std::vector<std::string> folders{lost};
  for (int i = 2; i <= most; ++i) folders.push_back(lost + "-" + std::to_string(i));
  std::error_code none;
  const auto temporary = std::filesystem::temp_directory_path(none);
  const auto name = "syngrad-" + std::filesystem::path(lost).filename().string();
  for (int i = 1; i <= most && !none; ++i) folders.push_back(temporary / (name + "-" + std::to_string(i)));
  return folders;
}

} // namespace

struct run_recorder::state {
  state(run_folder& given, const plan& what, std::unique_ptr<run_files> made)
    : folder(given), wanted(what), files(std::move(made)) {}

  run_folder& folder;
  plan wanted;
  std::unique_ptr<run_files> files;
  std::function<void(const std::string&)> tell;
  std::string moved;        // the latest word of that; empty: never
  std::string kept_weights; // why those of save() are what stays; empty: they are not
  bool lost_its_folder = false;
  bool saved = false; // by save()
  mutable std::mutex mutex;

  status find_folder();
  status rescue(const std::string& what_happened);
  void tell_of_move(const std::string& line);
  status write_weights_anew(named_tensors);
  status write_reserved_weights(named_tensors);
  status write_last_weights(named_tensors);
  status write_summary(const std::string& text);
};

run_recorder::run_recorder(std::unique_ptr<state> self) : self_(std::move(self)) {}
run_recorder::run_recorder(run_recorder&&) noexcept = default;
run_recorder::~run_recorder() = default;

result<run_recorder> run_recorder::open(run_folder& folder, const plan& wanted) {
  auto files = run_files::create(folder, wanted, nullptr);
  if (!files) return files.failure().prefixed("--run: ");
  return run_recorder(std::unique_ptr<state>(new state(folder, wanted, std::move(*files))));
}

void run_recorder::on_move(std::function<void(const std::string&)> tell) {
  self_->tell = std::move(tell);
}

void run_recorder::discard() {
  self_->files->discard();
}

// ---- where the folder is

void run_recorder::state::tell_of_move(const std::string& line) {
  moved = line;
  if (tell) tell(line);
}

status run_recorder::state::find_folder() {
  const auto before = folder.path();
  switch (folder.look()) {
  case run_folder::standing::unmoved:
    if (std::error_code ignored; std::filesystem::exists(folder.file("metrics.csv"), ignored)) return ok();
    return rescue("was removed");
  case run_folder::standing::renamed:
    files->follow(folder);
    tell_of_move("the run's folder '" + before + "' was renamed: it is '" + folder.path() +
                 "' now, and results go there");
    return ok();
  case run_folder::standing::removed:
    break;
  }
  return rescue("was removed");
}

status run_recorder::state::rescue(const std::string& what_happened) {
  const auto lost = folder.path();
  std::string why;
  for (const auto& each : folders_after(lost)) {
    auto found = run_folder::create(each, "");
    auto made =
      found ? run_files::create(*found, wanted, files.get()) : result<std::unique_ptr<run_files>>(found.failure());
    if (!made) {
      why = made.message();
      continue;
    }
    folder = std::move(*found);
    folder.keep();
    files = std::move(*made);
    lost_its_folder = true;
    saved = false;
    tell_of_move("the run's folder '" + lost + "' " + what_happened + ": metrics so far and all that follows go to '" +
                 folder.path() + "'");
    return ok();
  }
  return error::file("the run's folder '" + lost + "' " + what_happened +
                     ", and there is no other folder for results: " + why);
}

// ---- writing

status run_recorder::evaluation(const evaluation_report& report) {
  const std::lock_guard lock(self_->mutex);
  if (auto found = self_->find_folder(); !found) return found;
  if (self_->files->metrics.has(report)) return ok();
  if (auto done = self_->files->metrics.append(report); !done) return done;
  return self_->files->events.append(seconds_since_1970(), report.step, scalars_of(report));
}

status run_recorder::state::write_weights_anew(named_tensors weights) {
  auto file = atomic_file::create(folder.file(last_weights_name), wanted.weight_bytes);
  return file ? write_weights(*file, weights, wanted.model) : status(file.failure());
}

status run_recorder::state::write_reserved_weights(named_tensors weights) {
  const auto done = write_weights(*files->weights, weights, wanted.model);
  files->weights.reset();
  return done;
}

result<std::string> run_recorder::save(named_tensors weights, bool ending) {
  const std::lock_guard lock(self_->mutex);
  if (auto found = self_->find_folder(); !found) return found.failure();
  auto done = self_->write_weights_anew(weights);
  if (!done && ending && self_->files->weights) done = self_->write_reserved_weights(weights);
  if (!done) return done.failure();
  self_->saved = true;
  return self_->folder.file(last_weights_name);
}

// Whole weights from a few batches before are better than none.
status run_recorder::state::write_last_weights(named_tensors weights) {
  auto done = files->weights ? write_reserved_weights(weights) : write_weights_anew(weights);
  if (done || !saved) return done;
  kept_weights = done.message();
  return ok();
}

status run_recorder::state::write_summary(const std::string& text) {
  if (auto done = files->summary->write(text); !done) return done;
  return files->summary->commit();
}

status run_recorder::finish(const training_summary& summary, named_tensors weights,
                            std::span<const device_report> devices) {
  const std::lock_guard lock(self_->mutex);
  if (auto found = self_->find_folder(); !found) return found;
  if (weights.empty()) {
    self_->files->weights.reset(); // nothing was trained: no file, rather than an empty one
  } else if (auto done = self_->write_last_weights(weights); !done) {
    if (auto found = self_->rescue("does not take the weights (" + done.message() + ")"); !found) return found;
    if (auto again = self_->write_last_weights(weights); !again) return again;
  }
  return self_->write_summary(format_summary_json(summary, devices, self_->wanted.data.class_names));
}

// ---- what came of it

std::string run_recorder::remark() const {
  const std::lock_guard lock(self_->mutex);
  auto text = self_->moved;
  if (!self_->kept_weights.empty())
    text += (text.empty() ? "" : "; ") +
            ("the weights are those of the request to end, without the batches that were in flight then: " +
             self_->kept_weights);
  return text;
}

std::string run_recorder::path() const {
  const std::lock_guard lock(self_->mutex);
  return self_->folder.path();
}

bool run_recorder::lost_its_folder() const {
  const std::lock_guard lock(self_->mutex);
  return self_->lost_its_folder;
}

} // namespace syngrad::tools
