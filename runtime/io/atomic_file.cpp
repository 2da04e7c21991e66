#include "runtime/io/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
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

} // namespace

result<atomic_file> atomic_file::create(const std::string& path, std::size_t reserved_bytes) {
  auto file = file_descriptor::create(path + ".partial");
  if (!file) return file.failure();
  atomic_file made(std::move(*file), path);
  if (auto reserved = made.file_.reserve(reserved_bytes); !reserved) return reserved.failure();
  return made;
}

atomic_file::~atomic_file() {
  if (file_) ::unlink(file_.path().c_str());
}

status atomic_file::write(const void* data, std::size_t bytes) {
  auto done = file_.write(data, bytes);
  if (done) written_ += bytes;
  return done;
}

status atomic_file::commit() {
  if (auto done = file_.truncate(written_); !done) return done;
  if (auto done = file_.synchronize(); !done) return done;
  if (::rename(file_.path().c_str(), path_.c_str()) != 0) return file_error("rename to", path_, errno);
  synchronize_folder_of(path_);
  return file_.close();
}

} // namespace syngrad
