// What tests of strangers share: a connection that is nobody's, what is said there, and what a process holds.
#pragma once

#include "actors/nodes/connection_probe.hpp"
#include "runtime/random.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <sys/socket.h>

namespace syngrad::test {

inline std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

inline tcp_connection connected(const endpoint& where) {
  tcp_connection out;
  name_lookup names;
  const auto failed = out.open(where, names, question_limit(std::chrono::seconds(30)));
  INFO((failed ? failed->what : std::string()));
  REQUIRE_FALSE(failed);
  return out;
}

inline void say(const tcp_connection& connection, const std::string& bytes) {
  static_cast<void>(::send(connection.socket(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

// Whether the other side closes it, within half a minute.
inline bool is_closed(tcp_connection& connection) {
  const question_limit limit(std::chrono::seconds(30));
  char buffer[4096];
  auto got = connection.receive(buffer, sizeof buffer, limit);
  while (got.how == tcp_connection::received::end::complete) got = connection.receive(buffer, sizeof buffer, limit);
  return got.how == tcp_connection::received::end::closed;
}

inline std::string random_bytes(random_source& random, std::size_t size) {
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(random.bits());
  return out;
}

inline probe_result probe(const endpoint& where, const tls_credentials* credentials, std::chrono::milliseconds limit) {
  name_lookup names;
  return probe_node({where, "--join"}, credentials, names, question_limit(limit));
}

} // namespace syngrad::test
