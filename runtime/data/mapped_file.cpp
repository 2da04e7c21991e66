#include "runtime/data/mapped_file.hpp"

#include "runtime/io/file_descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>

namespace syngrad {

result<mapped_file> mapped_file::open(const std::string& path) {
  const auto cannot = [&](const char* what, int code, const char* remedy) {
    return error::file(path + ": cannot be " + what + " (" + std::generic_category().message(code) + ")" + remedy);
  };
  const open_file file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0) {
    if (errno == ENOENT) return error::file(path + ": no such file; check the path");
    return cannot("opened", errno, "; check its permissions");
  }
  struct stat about {};
  if (::fstat(file.number, &about) != 0) return cannot("looked at", errno, "");
  if (!S_ISREG(about.st_mode)) return error::file(path + ": not a regular file; give the path of a file");
  if (about.st_size == 0) return error::file(path + ": the file is empty; check the path");
  const auto size = static_cast<std::size_t>(about.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number, 0);
  if (memory == MAP_FAILED) return cannot("mapped into memory", errno, "");
  return mapped_file(path,
                     {static_cast<const std::byte*>(memory),
                      [size](const std::byte* at) { ::munmap(const_cast<std::byte*>(at), size); }},
                     size);
}

} // namespace syngrad
