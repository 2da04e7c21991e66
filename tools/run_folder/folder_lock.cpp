#include "tools/run_folder/folder_lock.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/io/file_target.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

std::string this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return "process " + std::to_string(::getpid()) + " on " + host.data();
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
    if (number < 0)
      return error{"folder '" + folder + "' is not writable: " + file_error("create", path, errno).message};
    lock.number_ = number;
    if (::flock(number, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      const auto holder = holder_in(number);
      ::close(std::exchange(lock.number_, -1)); // the file is theirs
      return error{"folder '" + folder + "' is in use: " + holder + " writes a run there; choose another one"};
    }
    if (!is_file_at(number, path)) { // the holder before has just removed it
      ::close(std::exchange(lock.number_, -1));
      continue;
    }
    if (auto done = write_holder(number, path); !done)
      return error{"folder '" + folder + "' is not writable: " + done.message()};
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

} // namespace syngrad::tools
