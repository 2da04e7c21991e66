#include "tests/support/tcp_relay.hpp"

#include "tests/support/relayed_connection.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace syngrad::test {

struct tcp_relay::implementation {
  sockaddr_in to{};
  int listener = -1, wake = -1;
  std::uint16_t port = 0;
  std::thread thread;

  std::mutex mutex; // of all below
  std::condition_variable connected;
  relay_settings settings;
  relay_counts counts;
  bool refuses = false, resets_now = false, ends = false;
  std::uint64_t reset_bytes = 0;
  int resets_left = 0;

  // The relay's thread alone.
  std::vector<std::unique_ptr<relayed_connection>> connections;

  template <class Change>
  void change(Change what) {
    {
      const std::lock_guard lock(mutex);
      what();
    }
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake, &one, sizeof one));
  }

  void run() {
    std::vector<pollfd> waits;
    while (true) {
      const auto now = relay_clock::now();
      auto next = now + std::chrono::hours(1);
      waits.assign({{wake, POLLIN, 0}, {listener, POLLIN, 0}});
      {
        const std::lock_guard lock(mutex);
        if (ends) return;
        work(now);
        for (const auto& each : connections) next = std::min(next, each->add_waits(settings, now, waits));
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
      ::poll(waits.data(), waits.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
      std::uint64_t ignored = 0;
      if (waits[0].revents) static_cast<void>(::read(wake, &ignored, sizeof ignored));
      if (waits[1].revents) accept_one();
    }
  }

  void work(relay_clock::time_point now) {
    if (std::exchange(resets_now, false))
      for (const auto& each : connections) each->reset();
    for (const auto& each : connections) {
      each->pass(settings, now, counts);
      if (resets_left > 0 && each->bytes_up() >= reset_bytes) {
        --resets_left;
        each->reset();
      }
    }
    std::erase_if(connections, [](const auto& each) { return each->is_over(); });
  }

  void accept_one() {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    const std::lock_guard lock(mutex);
    auto made = std::make_unique<relayed_connection>(client, refuses ? nullptr : &to);
    if (refuses || made->is_over()) {
      made->reset();
      return;
    }
    connections.push_back(std::move(made));
    ++counts.connections;
    connected.notify_all();
  }
};

result<std::unique_ptr<tcp_relay>> tcp_relay::start(std::uint16_t listen_port, const std::string& host,
                                                    std::uint16_t port) {
  auto self = std::make_unique<implementation>();
  self->to.sin_family = AF_INET;
  self->to.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &self->to.sin_addr) != 1)
    return error::setting("'" + host + "' is no numeric IPv4 address");
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(listen_port);
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  auto* const address = reinterpret_cast<sockaddr*>(&here);
  socklen_t size = sizeof here;
  if (::bind(fd, address, size) != 0 || ::listen(fd, 64) != 0 || ::getsockname(fd, address, &size) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    return error::busy("cannot listen on 127.0.0.1:" + std::to_string(listen_port) + ": " + why);
  }
  self->listener = fd;
  self->port = ntohs(here.sin_port);
  self->wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  self->thread = std::thread([relay = self.get()] { relay->run(); });
  return std::unique_ptr<tcp_relay>(new tcp_relay(std::move(self)));
}

tcp_relay::tcp_relay(std::unique_ptr<implementation> self) : self_(std::move(self)) {}

tcp_relay::~tcp_relay() {
  self_->change([&] { self_->ends = true; });
  self_->thread.join();
  self_->connections.clear();
  ::close(self_->listener);
  ::close(self_->wake);
}

std::uint16_t tcp_relay::port() const {
  return self_->port;
}

relay_counts tcp_relay::counts() const {
  const std::lock_guard lock(self_->mutex);
  return self_->counts;
}

void tcp_relay::delay(std::chrono::milliseconds each_way) {
  self_->change([&] { self_->settings.delay = each_way; });
}

void tcp_relay::throttle(std::uint64_t bytes_per_second) {
  self_->change([&] { self_->settings.bytes_per_second = bytes_per_second; });
}

void tcp_relay::cut(std::chrono::milliseconds time) {
  self_->change([&] { self_->settings.cut_until = relay_clock::now() + time; });
}

void tcp_relay::stall(bool stalled) {
  self_->change([&] { self_->settings.stalled = stalled; });
}

void tcp_relay::flip(std::uint64_t every_bytes) {
  self_->change([&] { self_->settings.flip_every = every_bytes; });
}

void tcp_relay::refuse(bool refused) {
  self_->change([&] { self_->refuses = refused; });
}

void tcp_relay::reset() {
  self_->change([&] { self_->resets_now = true; });
}

void tcp_relay::reset_after(std::uint64_t bytes_up, int times) {
  self_->change([&] {
    self_->reset_bytes = bytes_up;
    self_->resets_left = times;
  });
}

bool tcp_relay::wait_for_connections(std::uint64_t count, std::chrono::milliseconds patience) {
  std::unique_lock lock(self_->mutex);
  return self_->connected.wait_for(lock, patience, [&] { return self_->counts.connections >= count; });
}

} // namespace syngrad::test
