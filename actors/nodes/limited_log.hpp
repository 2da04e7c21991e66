// Lines for a log, at most one of a kind and second: what an attacker or a fault repeats a thousand times is counted,
// not printed. One thread at a time; time is passed in.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace syngrad {

class limited_log {
public:
  enum class kind { refused, malformed, overloaded };

  explicit limited_log(std::function<void(const std::string&)> print) : print_(std::move(print)) {}

  // Prints the line, unless one of its kind was printed within the last second. The next one says how many were left
  // out.
  void say(kind, const std::string& line, std::int64_t now_ns);

private:
  struct tally {
    std::int64_t printed_ns = 0;
    std::uint64_t left_out = 0;
    bool ever = false;
  };

  std::function<void(const std::string&)> print_;
  std::array<tally, 3> kinds_;
};

} // namespace syngrad
