#include "tools/compare/comparison_folder.hpp"

#include "runtime/io/output_file.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

constexpr const char* settings_name = "comparison.txt";

std::vector<std::string> lines_of(const comparison_plan& plan) {
  std::vector<std::string> lines;
  for (const auto& each : plan.common)
    lines.push_back(each.value.empty() ? each.option : each.option + " = " + each.value);
  for (const auto& axis : plan.axes) lines.push_back("# compared: " + axis.name);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// The first line that only one of the two has.
std::string first_difference(const std::vector<std::string>& here, const std::vector<std::string>& there) {
  for (const auto& each : here)
    if (std::find(there.begin(), there.end(), each) == there.end()) return "'" + each + "' is new";
  for (const auto& each : there)
    if (std::find(here.begin(), here.end(), each) == here.end()) return "'" + each + "' is missing";
  return "";
}

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto line : split_text(text, '\n'))
    if (!line.empty()) lines.emplace_back(line);
  return lines;
}

} // namespace

result<comparison_folder> comparison_folder::open(const std::string& path, const comparison_plan& plan) {
  std::error_code failed;
  fs::create_directories(fs::path(path) / "runs", failed);
  if (failed) return error{error_kind::file, "--out: cannot make the folder '" + path + "': " + failed.message()};
  auto lock = folder_lock::take(path);
  if (!lock) return lock.failure().prefixed("--out: ");
  if (!*lock) return error{error_kind::file, "--out: the folder '" + path + "' is gone"};
  comparison_folder out(path, std::move(**lock));
  const auto lines = lines_of(plan);
  const auto settings = (fs::path(path) / settings_name).string();
  if (fs::exists(settings, failed)) {
    const auto before = read_text_file(settings);
    if (!before) return before.failure().prefixed("--out: ");
    if (const auto differs = first_difference(lines, lines_in(*before)); !differs.empty())
      return error::setting("--out: '" + path + "' holds runs with other options: " + differs +
                            "; give the same ones, or another folder");
    return out;
  }
  if (auto done = out.write(settings_name, join_text(lines, "\n") + "\n"); !done) return done.failure();
  return out;
}

std::string comparison_folder::folder_of(const planned_run& run) const {
  return (fs::path(path_) / "runs" / run.folder).string();
}

// Its process may be about to end: it was killed with the one that started it.
status comparison_folder::clear(const planned_run& run) const {
  const auto folder = folder_of(run);
  std::error_code failed;
  if (!fs::exists(folder, failed)) return ok();
  constexpr int most_tries = 100;
  for (int tried = 1;; ++tried) {
    auto lock = folder_lock::take(folder);
    if (lock) break;
    if (tried == most_tries) return lock.failure();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  fs::remove_all(folder, failed);
  if (failed) return error{error_kind::file, "cannot remove '" + folder + "': " + failed.message()};
  return ok();
}

status comparison_folder::write(const std::string& name, const std::string& text) const {
  auto file = atomic_file::create((fs::path(path_) / name).string());
  if (!file) return file.failure();
  if (auto done = file->write(text); !done) return done;
  return file->commit();
}

} // namespace syngrad::tools
