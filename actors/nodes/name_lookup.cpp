#include "actors/nodes/name_lookup.hpp"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <poll.h>
#include <system_error>
#include <thread>

namespace syngrad {

namespace {

using addresses = std::vector<socket_address>;

result<addresses> ask(const endpoint& where, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  const auto code = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found);
  if (code != 0)
    return error{code == EAI_SYSTEM ? std::generic_category().message(errno) : std::string(::gai_strerror(code))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  addresses out;
  for (const auto* each = found; each; each = each->ai_next) {
    socket_address one;
    if (each->ai_addrlen > sizeof one.bytes) continue;
    std::memcpy(&one.bytes, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    out.push_back(one);
  }
  return out;
}

} // namespace

struct name_lookup::pending {
  endpoint where;
  stop_switch done; // pressed once there is an answer
  std::mutex mutex;
  std::optional<result<addresses>> answer; // guarded by the mutex
};

result<addresses> name_lookup::ask_system(const endpoint& where) {
  return ask(where, 0);
}

result<addresses> name_lookup::find(const endpoint& where, const question_limit& limit) {
  if (auto numeric = ask(where, AI_NUMERICHOST); numeric) return numeric; // needs no server
  if (!pending_ || !(pending_->where == where)) {
    const auto asked = std::make_shared<pending>();
    asked->where = where;
    if (asked->done.file() < 0) return error{"there are no file descriptors left"};
    try {
      std::thread([asked, question = ask_] {
        auto answer = question(asked->where);
        const std::lock_guard lock(asked->mutex);
        asked->answer = std::move(answer);
        asked->done.press();
      }).detach();
    } catch (const std::system_error&) {
      return error{"there are no threads left"};
    }
    pending_ = asked;
  }
  if (!limit.await(pending_->done.file(), POLLIN)) return error{"the name server does not answer in time"};
  const auto asked = std::exchange(pending_, nullptr);
  const std::lock_guard lock(asked->mutex);
  return std::move(*asked->answer);
}

} // namespace syngrad
