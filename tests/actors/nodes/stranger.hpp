// What tests of strangers share: a connection that is nobody's, and what a process holds.
#pragma once

#include "actors/nodes/tcp_connection.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>

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

} // namespace syngrad::test
