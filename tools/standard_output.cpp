#include "tools/standard_output.hpp"

#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <system_error>
#include <unistd.h>

namespace syngrad::tools {

namespace {

constexpr std::size_t most_gathered = 64 * 1024;

// Reading from the first and writing to the others fails as it does where they are closed.
void fill_closed_descriptors() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) // the lowest free one is taken, which is this
      [[maybe_unused]]
      const int taken = ::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

} // namespace

bool checked_output::flush() {
  const char* next = gathered_.data();
  auto left = gathered_.size();
  while (failure_ == 0 && left > 0) {
    const auto written = ::write(descriptor_, next, left);
    if (written < 0) {
      if (errno != EINTR) failure_ = errno;
      continue;
    }
    next += written;
    left -= static_cast<std::size_t>(written);
  }
  gathered_.clear();
  return failure_ == 0;
}

std::streamsize checked_output::xsputn(const char* text, std::streamsize size) {
  const std::lock_guard lock(mutex_);
  gathered_.append(text, static_cast<std::size_t>(size));
  if (gathered_.size() >= most_gathered) flush();
  return failure_ == 0 ? size : 0;
}

checked_output::int_type checked_output::overflow(int_type byte) {
  if (traits_type::eq_int_type(byte, traits_type::eof())) return traits_type::not_eof(byte);
  const char text = traits_type::to_char_type(byte);
  return xsputn(&text, 1) == 1 ? byte : traits_type::eof();
}

int checked_output::sync() {
  const std::lock_guard lock(mutex_);
  return flush() ? 0 : -1;
}

int checked_output::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

int checked_output::finish() {
  const std::lock_guard lock(mutex_);
  flush();
  // Some file systems tell only at a close that there is no room; a copy's will do.
  if (const int copy = ::dup(descriptor_); copy >= 0 && ::close(copy) != 0 && errno != EINTR && failure_ == 0)
    failure_ = errno;
  return failure_;
}

standard_output::standard_output() : output_(STDOUT_FILENO), before_(std::cout.rdbuf(&output_)) {
  fill_closed_descriptors();
}

standard_output::~standard_output() {
  std::cout.rdbuf(before_);
}

exit_code standard_output::finish(exit_code of_the_work) {
  const int failure = output_.finish();
  if (failure == 0 || failure == EPIPE) return of_the_work;
  std::cerr << "syngrad: standard output: " << std::generic_category().message(failure) << '\n';
  return of_the_work == exit_code::done ? exit_code::failed : of_the_work;
}

} // namespace syngrad::tools
