#include "tools/run_folder/run_folder.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/io/output_file.hpp"
#include "tools/command_line/option_row.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

std::string this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

// What the holder wrote; it may be about to.
std::string holder_in(int number) {
  std::array<char, 512> text{};
  const auto length = ::pread(number, text.data(), text.size(), 0);
  std::string holder(text.data(), static_cast<std::size_t>(length > 0 ? length : 0));
  holder.erase(std::min(holder.find('\n'), holder.size()));
  for (char& each : holder)
    if (static_cast<unsigned char>(each) < ' ') each = '?';
  return holder.empty() ? "another process" : holder;
}

bool is_file_at(int number, const std::string& path) {
  struct stat here {
  }, there{};
  return ::fstat(number, &here) == 0 && ::lstat(path.c_str(), &there) == 0 && is_same_file(here, there);
}

status write_holder(int number, const std::string& path) {
  const auto text = this_process() + "\n";
  if (::ftruncate(number, 0) == 0 && ::pwrite(number, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    return ok();
  return file_error("write", path, errno);
}

} // namespace

result<std::optional<folder_lock>> folder_lock::take(const std::string& folder) {
  while (true) {
    folder_lock lock(-1, folder);
    const auto path = lock.path();
    const int number = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (number < 0 && errno == ENOENT) return std::optional<folder_lock>();
    if (number < 0) return file_error("create", path, errno).prefixed("folder '" + folder + "' is not writable: ");
    lock.number_ = number;
    if (::flock(number, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      const auto holder = holder_in(number);
      ::close(std::exchange(lock.number_, -1)); // the file is theirs
      return error::busy("folder '" + folder + "' is in use: " + holder + " writes a run there; choose another one");
    }
    if (!is_file_at(number, path)) { // the holder before has just removed it
      ::close(std::exchange(lock.number_, -1));
      continue;
    }
    if (auto done = write_holder(number, path); !done)
      return done.failure().prefixed("folder '" + folder + "' is not writable: ");
    return std::optional<folder_lock>(std::move(lock));
  }
}

// In this order: who opens the file before it is gone cannot lock it, or finds that it is gone.
folder_lock::~folder_lock() {
  if (number_ < 0) return;
  if (holds()) ::unlink(path().c_str());
  ::close(number_);
}

bool folder_lock::holds() const {
  return is_file_at(number_, path());
}

result<held_folder> held_folder::open(const std::string& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return file_error("use as a folder", path, errno);
  return held_folder(number);
}

held_folder::~held_folder() {
  if (number_ >= 0) ::close(number_);
}

bool held_folder::is_at(const std::string& path) const {
  struct stat here {
  }, there{};
  return ::fstat(number_, &here) == 0 && ::stat(path.c_str(), &there) == 0 && is_same_file(here, there);
}

std::optional<std::string> held_folder::path_now() const {
  std::array<char, PATH_MAX> text{};
  const auto link = fmt::format("/proc/self/fd/{}", number_);
  const auto length = ::readlink(link.c_str(), text.data(), text.size());
  if (length <= 0) return std::nullopt;
  std::string path(text.data(), static_cast<std::size_t>(length));
  if (!is_at(path)) return std::nullopt; // of one that is removed it says "PATH (deleted)"
  return path;
}

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
    if (!made) return made.failure().prefixed("--run: ");
    if (auto taken = folder.take(); !taken) return taken.failure().prefixed("--run: ");
    return folder;
  }
}

result<run_folder> run_folder::reopen(const std::string& path) {
  run_folder folder(path);
  std::error_code unknown;
  if (!fs::exists(fs::path(path) / "run.ini", unknown))
    return error::file(path + ": no run's folder, for it has no run.ini; give the one of a run of `syngrad train`");
  auto lock = folder_lock::take(path);
  if (!lock) return lock.failure();
  if (!*lock) return file_error("use as a folder", path, ENOENT);
  folder.lock_ = std::move(**lock);
  if (auto held = folder.hold(); !held) return held.failure();
  return folder;
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
  if (!lock_) return error::busy("folder '" + path_ + "' is removed again and again; choose another one");
  if (auto held = hold(); !held) return held;
  return check_free();
}

status run_folder::hold() {
  auto held = held_folder::open(path_);
  if (!held) return held.failure();
  held_ = std::move(*held);
  return ok();
}

status run_folder::check_free() const {
  for (const auto* name : {"run.ini", "data.json", "metrics.csv", "summary.json", "weights.safetensors",
                           "weights.best.safetensors", "trace", "report.html", "checkpoints"})
    if (fs::exists(fs::path(path_) / name))
      return error::setting("folder '" + path_ + "' holds a run already (" + name +
                            "); choose another one or remove it");
  return ok();
}

run_folder::standing run_folder::look() {
  if (held_->is_at(path_) && lock_->holds()) return standing::unmoved;
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
