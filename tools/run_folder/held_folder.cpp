#include "tools/run_folder/held_folder.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/io/file_target.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad::tools {

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
  const auto link = "/proc/self/fd/" + std::to_string(number_);
  const auto length = ::readlink(link.c_str(), text.data(), text.size());
  if (length <= 0) return std::nullopt;
  std::string path(text.data(), static_cast<std::size_t>(length));
  if (!is_at(path)) return std::nullopt; // of one that is removed it says "PATH (deleted)"
  return path;
}

} // namespace syngrad::tools
