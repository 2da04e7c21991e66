#include "runtime/io/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <random>
#include <unistd.h>

namespace syngrad {

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
    return error{"'" + target.path + "' is " + target.name() +
                 ", and this needs a file that can be replaced; name a file"};
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

} // namespace syngrad
