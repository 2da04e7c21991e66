#include "tools/run_folder/growing_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace syngrad::tools {

result<growing_file> growing_file::create(const std::string& path) {
  const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (number < 0) return file_error("create", path, errno);
  ::close(number);
  auto writing = file_descriptor::open_for_writing(path);
  auto reading = file_descriptor::open_for_reading(path);
  if (writing && reading) return growing_file(std::move(*writing), std::move(*reading));
  ::unlink(path.c_str());
  return writing ? reading.failure() : writing.failure();
}

result<growing_file> growing_file::continued_at(const std::string& path) {
  constexpr std::size_t piece = std::size_t{1} << 16;
  auto left = reading_.size();
  if (!left) return left.failure();
  auto next = create(path);
  std::vector<char> bytes;
  while (next && *left > 0) {
    bytes.resize(std::min(*left, piece));
    auto done = reading_.read(bytes.data(), bytes.size());
    if (done) done = next->append({bytes.data(), bytes.size()});
    if (!done) {
      ::unlink(path.c_str());
      return done.failure();
    }
    *left -= bytes.size();
  }
  return next;
}

} // namespace syngrad::tools
