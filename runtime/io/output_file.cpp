#include "runtime/io/output_file.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/text.hpp"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <random>
#include <unistd.h>

namespace syngrad {

// ---- file_target

namespace {

constexpr int most_links = 40; // as Linux has it

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string without_links(const std::string& folder) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(folder.c_str(), nullptr), std::free);
  return real ? real.get() : "";
}

// N where `path` is an entry N of the folder in which the kernel shows this process's descriptors.
std::optional<int> own_descriptor(const std::string& path) {
  const auto name = name_in(path);
  const auto number = parse_number<int>(name);
  if (!number || *number < 0) return std::nullopt;
  const auto folder = without_links(folder_of(path));
  const auto own = fmt::format("/proc/{}", ::getpid());
  if (folder != own + "/fd" && !(folder.starts_with(own + "/task/") && folder.ends_with("/fd"))) return std::nullopt;
  return number;
}

file_target descriptor_target(int number, const std::string& path) {
  file_target found;
  found.what = file_target::kind::descriptor;
  found.path = path;
  found.descriptor = number;
  ::fstat(number, &found.about); // that it is not open is found when it is written
  return found;
}

result<std::string> link_in(const std::string& path) {
  std::string text(PATH_MAX, '\0');
  const auto length = ::readlink(path.c_str(), text.data(), text.size());
  if (length < 0) return file_error("follow the link", path, errno);
  text.resize(static_cast<std::size_t>(length));
  return text.starts_with('/') ? text : folder_of(path) + text;
}

// Containers mount single files. Nothing can be renamed over one.
bool is_mounted(const std::string& path) {
  struct statx about {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &about) == 0 &&
         (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

result<file_target> examine(const std::string& path, const struct stat& about) {
  if (S_ISDIR(about.st_mode)) return file_error("write", path, EISDIR);
  file_target found;
  found.path = path;
  found.about = about;
  const bool is_plain = S_ISREG(about.st_mode) && !is_mounted(path);
  found.what = is_plain ? file_target::kind::regular : file_target::kind::special;
  // To rename over a file asks nothing of the file itself.
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) return file_error("write", path, errno);
  return found;
}

} // namespace

const char* file_target::name() const {
  if (S_ISREG(about.st_mode)) return what == kind::special ? "a mounted file" : "a file";
  if (S_ISFIFO(about.st_mode)) return "a pipe";
  if (S_ISSOCK(about.st_mode)) return "a socket";
  return what == kind::missing ? "nothing yet" : "a device";
}

result<file_target> file_target::of(const std::string& path) {
  if (path == "-") return descriptor_target(STDOUT_FILENO, "standard output");
  if (path.empty()) return error::setting("a file without a name cannot be written; name a file");
  auto followed = path;
  for (int links = 0; links <= most_links; ++links) {
    if (const auto number = own_descriptor(followed)) return descriptor_target(*number, path);
    struct stat about {};
    if (::lstat(followed.c_str(), &about) != 0) {
      if (errno != ENOENT) return file_error("write", path, errno);
      file_target nothing;
      nothing.path = followed;
      return nothing;
    }
    if (!S_ISLNK(about.st_mode)) return examine(followed, about);
    auto next = link_in(followed);
    if (!next) return next.failure();
    followed = std::move(*next);
  }
  return file_error("write", path, ELOOP);
}

// ---- atomic_file

namespace {

// The rename itself survives a crash only once the folder is on disk; a file system that cannot do that is no failure.
void synchronize_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  const int number = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return;
  ::fsync(number);
  ::close(number);
}

// Of the longest name that a file system takes, as much as a suffix leaves.
std::string shortened(const std::string& path) {
  constexpr std::size_t longest_name = 200;
  const auto name = path.rfind('/') + 1; // 0 where there is no slash
  return path.substr(0, name) + path.substr(name, longest_name);
}

std::string random_suffix(std::random_device& source) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  for (int i = 0; i < 6; ++i) text += letters[source() % letters.size()];
  return text;
}

// The permissions of an older file, and its owner and group as far as this process may give them.
void take_access(int number, const struct stat& older) {
  if (::fchown(number, older.st_uid, older.st_gid) != 0) [[maybe_unused]]
    const int group_only = ::fchown(number, static_cast<uid_t>(-1), older.st_gid);
  ::fchmod(number, older.st_mode & 0777); // it is ours
}

// An empty file beside the target that no other process has: NAME.partial-XXXXXX.
result<std::string> create_beside(const file_target& target) {
  constexpr int attempts = 100;
  std::random_device source;
  for (int i = 0; i < attempts; ++i) {
    const auto name = shortened(target.path) + ".partial-" + random_suffix(source);
    const int number = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (number < 0 && errno == EEXIST) continue;
    if (number < 0) return file_error("create", target.path, errno);
    if (target.what == file_target::kind::regular) take_access(number, target.about);
    ::close(number);
    return name;
  }
  return file_error("create", target.path, EEXIST);
}

} // namespace

result<atomic_file> atomic_file::create(const std::string& path, std::size_t reserved_bytes) {
  const auto target = file_target::of(path);
  if (!target) return target.failure();
  return create(*target, reserved_bytes);
}

result<atomic_file> atomic_file::create(const file_target& target, std::size_t reserved_bytes) {
  if (!target.can_be_replaced())
    return error::setting("'" + target.path + "' is " + target.name() +
                          ", and this needs a file that can be replaced; name a file");
  const auto name = create_beside(target);
  if (!name) return name.failure();
  auto file = file_descriptor::open_for_writing(*name);
  if (!file) {
    ::unlink(name->c_str());
    return file.failure();
  }
  atomic_file made(std::move(*file), target.path);
  if (auto reserved = made.file_.reserve(reserved_bytes); !reserved) return reserved.failure();
  made.reserved_ = reserved_bytes;
  return made;
}

atomic_file::~atomic_file() {
  if (file_) ::unlink(temporary_path_.c_str());
}

status atomic_file::write(const void* data, std::size_t bytes) {
  auto done = file_.write(data, bytes);
  if (done) written_ += bytes;
  return done;
}

status atomic_file::commit() {
  if (written_ < reserved_)
    if (auto done = file_.truncate(written_); !done) return done;
  if (auto done = file_.synchronize(); !done) return done;
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) return file_error("rename to", path_, errno);
  synchronize_folder_of(path_);
  return file_.close();
}

void atomic_file::follow(const std::string& folder) {
  for (auto* each : {&path_, &temporary_path_}) *each = folder + "/" + each->substr(each->rfind('/') + 1);
}

// ---- output_file

namespace {

constexpr std::size_t bytes_at_once = 1 << 20;

// A reader of both would find them mixed. Of a device only a terminal has a reader.
bool is_where_standard_output_goes(const file_target& target) {
  struct stat standard {};
  if (::fstat(STDOUT_FILENO, &standard) != 0) return false;
  const bool is_read = S_ISFIFO(standard.st_mode) || S_ISSOCK(standard.st_mode) || ::isatty(STDOUT_FILENO) == 1;
  return is_read && is_same_file(standard, target.about);
}

// What this process opened itself is closed on exec; what it was given is not.
bool can_be_written(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFD);
  const int mode = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && mode >= 0 && !(flags & FD_CLOEXEC) && (mode & O_ACCMODE) != O_RDONLY;
}

} // namespace

result<output_file> output_file::create(const std::string& path, std::size_t reserved_bytes) {
  const auto target = file_target::of(path);
  if (!target) return target.failure();
  output_file made;
  made.path_ = target->path;
  if (target->can_be_replaced()) {
    auto file = atomic_file::create(*target, reserved_bytes);
    if (!file) return file.failure();
    made.aside_.emplace(std::move(*file));
    return made;
  }
  made.standard_output_ = target->descriptor == STDOUT_FILENO || is_where_standard_output_goes(*target);
  if (target->what == file_target::kind::descriptor) {
    if (!can_be_written(target->descriptor)) return file_error("write to", target->path, EBADF);
    made.given_ = target->descriptor;
    return made;
  }
  auto file = file_descriptor::open_for_writing(target->path);
  if (!file) return file.failure();
  if (S_ISREG(target->about.st_mode)) // a mounted one, whose old contents may be longer
    if (auto emptied = file->truncate(0); !emptied) return emptied.failure();
  made.straight_ = std::move(*file);
  return made;
}

result<output_file> output_file::create_regular(const std::string& path) {
  auto file = atomic_file::create(path);
  if (!file) return file.failure();
  output_file made;
  made.path_ = file->path();
  made.aside_.emplace(std::move(*file));
  return made;
}

void output_file::write(std::string_view text) {
  bytes_ += text.size();
  buffer_ += text;
  if (buffer_.size() >= bytes_at_once) flush();
}

void output_file::flush() {
  if (state_) state_ = write_piece(buffer_);
  buffer_.clear();
}

status output_file::write_piece(std::string_view piece) {
  if (aside_) return aside_->write(piece);
  if (straight_) return straight_.write(piece);
  while (!piece.empty()) {
    const auto written = ::write(given_, piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path_, errno);
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok();
}

status output_file::commit() {
  flush();
  if (!state_) return state_;
  if (aside_) return aside_->commit();
  if (!straight_) return ok();
  if (auto done = straight_.synchronize(); !done) return done;
  return straight_.close();
}

} // namespace syngrad
