#include "runtime/io/file_target.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/text.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <unistd.h>

namespace syngrad {

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
  const auto own = "/proc/" + std::to_string(::getpid());
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
  if (path.empty()) return error{"a file without a name cannot be written; name a file"};
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

} // namespace syngrad
