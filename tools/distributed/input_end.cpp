#include "tools/distributed/input_end.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace syngrad::tools {

input_end::input_end(std::function<void()> ended, int input) : ended_(std::move(ended)), input_(input) {
  if (stop_.file() < 0) throw std::system_error(errno, std::generic_category(), "cannot watch standard input");
  thread_ = std::thread([this] { watch(); });
}

input_end::~input_end() {
  stop_.press();
  thread_.join();
}

// A descriptor that cannot be read is one that has ended.
void input_end::watch() {
  std::array<char, 4096> dropped{};
  while (true) {
    pollfd sources[]{{input_, POLLIN, 0}, {stop_.file(), POLLIN, 0}};
    if (::poll(sources, 2, -1) < 0) continue;
    if (sources[1].revents) return;
    const auto got = ::read(input_, dropped.data(), dropped.size());
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) continue;
    ended_();
    return;
  }
}

} // namespace syngrad::tools
