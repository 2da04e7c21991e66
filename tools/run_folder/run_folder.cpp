#include "tools/run_folder/run_folder.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "tools/command_line/option_row.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

std::string timestamp() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 32> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y%m%d-%H%M%S", &local);
  return {text.data(), length};
}

} // namespace

result<run_folder> run_folder::create(const std::string& requested, const std::string& policy) {
  const auto base = requested.empty() ? "runs/" + timestamp() + "-" + policy : requested;
  for (int number = 1;; ++number) {
    run_folder folder(number == 1 ? base : base + "-" + std::to_string(number));
    // Two runs started in the same second both want the name; mkdir gives it to one of them.
    auto made = folder.make(!requested.empty());
    if (!made && requested.empty() && fs::exists(folder.path_) && number < 1000) continue;
    if (!made) return option_error("run", made.message());
    if (auto taken = folder.take(); !taken) return option_error("run", taken.message());
    return folder;
  }
}

run_folder::~run_folder() {
  lock_.reset();
  while (!created_.empty()) {
    ::rmdir(created_.back().c_str()); // fails where something is in it: then it is not ours to remove
    created_.pop_back();
  }
}

status run_folder::make(bool may_exist) {
  std::string partial;
  const fs::path whole(path_);
  for (auto part = whole.begin(); part != whole.end(); ++part) {
    partial = (fs::path(partial) / *part).string();
    if (partial.empty() || partial == "/" || part->empty()) continue;
    const bool last = std::next(part) == whole.end();
    if (::mkdir(partial.c_str(), 0777) == 0)
      created_.push_back(partial);
    else if (errno != EEXIST || (last && !may_exist))
      return file_error("create folder", partial, errno);
  }
  std::error_code failure;
  if (!fs::is_directory(path_, failure)) return file_error("use as a folder", path_, ENOTDIR);
  return ok();
}

// Another run that fails may remove the folder that it has made, between two of these steps.
status run_folder::take() {
  constexpr int attempts = 100;
  for (int i = 0; i < attempts; ++i) {
    auto lock = folder_lock::take(path_);
    if (!lock) return lock.failure();
    if (*lock) {
      lock_ = std::move(**lock);
      break;
    }
    if (auto made = make(true); !made) return made;
  }
  if (!lock_) return error{"folder '" + path_ + "' is removed again and again; choose another one"};
  auto held = held_folder::open(path_);
  if (!held) return held.failure();
  held_ = std::move(*held);
  return check_free();
}

status run_folder::check_free() const {
  for (const auto* name : {"run.ini", "metrics.csv", "summary.json", "weights.safetensors", "weights.best.safetensors",
                           "trace", "report.html"})
    if (fs::exists(fs::path(path_) / name))
      return error{"folder '" + path_ + "' holds a run already (" + name + "); choose another one or remove it"};
  return ok();
}

run_folder::standing run_folder::look() {
  if (held_->is_at(path_) && lock_->holds()) return standing::in_place;
  const auto now = held_->path_now();
  if (!now) return standing::removed;
  lock_->follow(*now);
  if (!lock_->holds()) return standing::removed;
  // As it was given, where it still is below the working directory.
  std::error_code ignored; // of a working directory that is gone
  const auto below = fs::path(*now).lexically_proximate(fs::current_path(ignored));
  path_ = fs::path(path_).is_relative() && *below.begin() != ".." ? below.string() : *now;
  return standing::renamed;
}

} // namespace syngrad::tools
