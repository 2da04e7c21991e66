#include "actors/nodes/limited_log.hpp"

namespace syngrad {

void limited_log::say(kind which, const std::string& line, std::int64_t now_ns) {
  constexpr std::int64_t second = 1'000'000'000;
  auto& seen = kinds_[static_cast<std::size_t>(which)];
  if (seen.ever && now_ns - seen.printed_ns < second) {
    ++seen.left_out;
    return;
  }
  if (print_) print_(seen.left_out == 0 ? line : line + " (and " + std::to_string(seen.left_out) + " more like it)");
  seen = {now_ns, 0, true};
}

} // namespace syngrad
