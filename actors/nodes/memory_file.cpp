#include "actors/nodes/memory_file.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace syngrad {

memory_file::memory_file(memory_file&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

memory_file& memory_file::operator=(memory_file&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

memory_file::~memory_file() {
  if (number_ >= 0) ::close(number_);
}

result<memory_file> memory_file::holding(const std::string& bytes) {
  const auto failed = [] { return error{"cannot keep a file in memory: " + std::generic_category().message(errno)}; };
  memory_file out;
  out.number_ = ::memfd_create("syngrad", MFD_CLOEXEC);
  if (out.number_ < 0) return failed();
  for (std::size_t done = 0; done < bytes.size();) {
    const auto written = ::write(out.number_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno != EINTR) return failed();
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return out;
}

std::string memory_file::path() const {
  return "/proc/self/fd/" + std::to_string(number_);
}

} // namespace syngrad
