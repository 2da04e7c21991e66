#include "actors/nodes/stop_switch.hpp"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace syngrad {

stop_switch::stop_switch() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

stop_switch::~stop_switch() {
  if (file_ >= 0) ::close(file_);
}

void stop_switch::press() {
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(file_, &once, sizeof once);
}

} // namespace syngrad
