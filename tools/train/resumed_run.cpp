#include "tools/train/resumed_run.hpp"

#include "models/state_archive.hpp"
#include "tools/run_folder/stored_weights.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>
#include <system_error>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

// What the state of a run is the state of.
constexpr std::array fixed_options{"model",     "data",   "label-column", "targets",       "labels",
                                   "delimiter", "resize", "vocabulary",   "test-fraction", "validation",
                                   "windows",   "unroll", "augment",      "objective",     "label-smoothing",
                                   "batch",     "seed",   "optimizer",    "moments"};

// Of a checkpoint the run that it is in.
std::string run_of(const std::string& given) {
  return is_checkpoint(given) ? run_of_checkpoint(given) : given;
}

const option_row* find_row(const std::vector<option_group>& groups, const std::string& name) {
  for (const auto& group : groups)
    for (const auto& row : group.rows)
      if (row.name == name) return &row;
  return nullptr;
}

status check_fixed(const option_reader& then, const option_reader& now, const std::string& run) {
  for (const auto* name : fixed_options) {
    const auto *before = find_row(then.groups(), name), *wanted = find_row(now.groups(), name);
    if (!before || !wanted || before->get() == wanted->get()) continue;
    return option_error(name, fmt::format("the run {} has {}, and cannot go on with {}; leave it out, or begin another "
                                          "run (--init takes its weights)",
                                          run, before->get().value_or("none"), wanted->get().value_or("none")));
  }
  return ok();
}

bool is_given(std::span<const std::string> arguments, const std::string& option) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& each) {
    return each == "--" + option || each.starts_with("--" + option + "=");
  });
}

} // namespace

status read_resumed_options(const std::string& given, std::span<const std::string> arguments, option_reader& reader) {
  const auto run = run_of(given);
  for (const auto* other : {"config", "run", "init"})
    if (is_given(arguments, other))
      return option_error(other, "expected without --resume, which goes on in the run's folder with the options of its "
                                 "run.ini; leave one of them out");
  const auto options = run + "/run.ini";
  std::error_code unknown;
  if (!fs::exists(options, unknown))
    return option_error("resume", run + ": no run's folder, for it has no run.ini; give the one that `syngrad train` "
                                        "said its results go to");
  train_options before;
  auto then = make_train_option_reader(before);
  if (auto read = then.read(std::vector<std::string>{"--config", options}); !read) return read;
  std::vector<std::string> all(arguments.begin(), arguments.end());
  all.insert(all.end(), {"--config", options});
  if (auto read = reader.read(all); !read) return read;
  return check_fixed(then, reader, run);
}

result<resumed_run> open_resumed_run(const std::string& given) {
  const auto run = run_of(given);
  auto folder = run_folder::reopen(run);
  if (!folder) return folder.failure().prefixed("--resume: ");
  if (is_checkpoint(given)) {
    auto read = read_checkpoint(given);
    if (!read) return read.failure().prefixed("--resume: ");
    return resumed_run{std::move(*folder), std::move(*read), {}};
  }
  auto newest = read_newest_checkpoint(run + "/checkpoints");
  if (!newest) return newest.failure().prefixed("--resume: ");
  std::vector<std::string> notes;
  for (const auto& each : newest->refused)
    notes.push_back(each + "; the run goes on from step " + std::to_string(newest->found.manifest.step));
  return resumed_run{std::move(*folder), std::move(newest->found), std::move(notes)};
}

std::int64_t resumed_run::last_metrics() const {
  bool comes_again = false;
  for (const auto& part : from.state->parts)
    if (const auto due = part.words.find("evaluation_is_due"); part.name == "source" && due != part.words.end())
      state_text::read(due->second, comes_again);
  return from.manifest.step - (comes_again ? 1 : 0);
}

status check_same_data(const resumed_run& run, const std::string& source, const std::string& sum) {
  const auto& then = run.from.manifest.facts.data_sum;
  if (then.empty() || then == sum) return ok();
  return error::data(fmt::format("--resume: the data {} is not what it was when {} was written; put it back, or begin "
                                 "another run with --init {}/weights.safetensors",
                                 source, run.from.path, run.folder.path()));
}

result<std::vector<std::string>> clear_what_comes_again(const resumed_run& run) {
  const auto step = run.from.manifest.step;
  if (auto done = remove_checkpoints_after(run.folder.file("checkpoints"), step); !done) return done.failure();
  std::vector<std::string> lines;
  std::error_code failed;
  if (!fs::exists(run.folder.file("trace"), failed)) return lines;
  for (int i = 1;; ++i) {
    const auto aside =
      run.folder.file("before-step-" + std::to_string(step + 1) + (i == 1 ? "" : "-" + std::to_string(i)));
    if (::mkdir(aside.c_str(), 0777) != 0 && errno == EEXIST) continue;
    fs::rename(run.folder.file("trace"), aside + "/trace", failed);
    if (failed) return error::file(aside + ": the trace so far cannot be put there (" + failed.message() + ")");
    fs::rename(run.folder.file("report.html"), aside + "/report.html", failed); // there may be none
    lines.push_back("the trace so far is in " + aside);
    return lines;
  }
}

} // namespace syngrad::tools
