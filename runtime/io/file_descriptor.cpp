#include "runtime/io/file_descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace syngrad {

namespace {

const char* remedy(int error_number) {
  switch (error_number) {
  case ENOSPC:
  case EDQUOT:
    return "; free some space or choose a folder on another disk";
  case EFBIG:
    return "; raise the limit on file sizes (ulimit -f) or choose a folder on another disk";
  case EACCES:
  case EPERM:
  case EROFS:
    return "; choose a folder that you may write to, or change its permissions";
  case ENOENT:
    return "; check the path";
  case ENOTDIR:
    return "; a part of the path is a file: choose another folder";
  case EISDIR:
    return "; it is a folder: give a file";
  default:
    return "";
  }
}

} // namespace

error file_error(const std::string& what, const std::string& path, int error_number) {
  return {error_kind::file, "cannot " + what + " '" + path + "': " + std::generic_category().message(error_number) +
                              remedy(error_number)};
}

file_descriptor::~file_descriptor() {
  if (number_ >= 0) ::close(number_);
}

result<file_descriptor> file_descriptor::create(const std::string& path) {
  const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (number < 0) return file_error("create", path, errno);
  return file_descriptor(number, path);
}

result<file_descriptor> file_descriptor::create_private(const std::string& path) {
  const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (number < 0) return file_error("create", path, errno);
  return file_descriptor(number, path);
}

result<file_descriptor> file_descriptor::open_for_reading(const std::string& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) return file_error("open", path, errno);
  return file_descriptor(number, path);
}

result<file_descriptor> file_descriptor::open_for_writing(const std::string& path) {
  const int number = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (number < 0) return file_error("open", path, errno);
  return file_descriptor(number, path);
}

status file_descriptor::write(const void* data, std::size_t bytes) {
  const auto* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const auto written = ::write(number_, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path_, errno);
    next += written;
    bytes -= static_cast<std::size_t>(written);
  }
  return ok();
}

status file_descriptor::read(void* data, std::size_t bytes) {
  auto* next = static_cast<char*>(data);
  while (bytes > 0) {
    const auto got = ::read(number_, next, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path_, errno);
    if (got == 0) return error::data(fmt::format("'{}' is cut off: it ends {} bytes too early", path_, bytes));
    next += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return ok();
}

result<std::size_t> file_descriptor::size() const {
  struct stat about {};
  if (::fstat(number_, &about) != 0) return file_error("examine", path_, errno);
  if (!S_ISREG(about.st_mode)) return error::file("'" + path_ + "' is not a regular file; give a file");
  return static_cast<std::size_t>(about.st_size);
}

status file_descriptor::reserve(std::size_t bytes) {
  if (bytes == 0) return ok();
  const int failure = ::posix_fallocate(number_, 0, static_cast<off_t>(bytes));
  if (failure != 0) return file_error("reserve " + std::to_string(bytes) + " bytes for", path_, failure);
  return ok();
}

status file_descriptor::truncate(std::size_t bytes) {
  if (::ftruncate(number_, static_cast<off_t>(bytes)) != 0) return file_error("shorten", path_, errno);
  return ok();
}

status file_descriptor::cut(std::size_t bytes) {
  if (auto done = truncate(bytes); !done) return done;
  if (::lseek(number_, static_cast<off_t>(bytes), SEEK_SET) < 0) return file_error("seek in", path_, errno);
  return ok();
}

status file_descriptor::synchronize() {
  // Some file systems and special files have nothing to synchronise.
  if (::fsync(number_) != 0 && errno != EINVAL && errno != EROFS) return file_error("sync", path_, errno);
  return ok();
}

status file_descriptor::close() {
  const int number = std::exchange(number_, -1);
  if (number >= 0 && ::close(number) != 0 && errno != EINTR) return file_error("close", path_, errno);
  return ok();
}

open_file::~open_file() {
  if (number >= 0) ::close(number);
}

} // namespace syngrad
