#include "actors/nodes/limited_log.hpp"

namespace syngrad {

void limited_log::say(kind which, const std::string& line, std::int64_t now_ns) {
  constexpr std::int64_t second = 1'000'000'000;
  auto& state = kinds_[static_cast<std::size_t>(which)];
  if (state.ever && now_ns - state.printed_ns < second) {
    ++state.left_out;
    return;
  }
  if (print_)
    print_(state.left_out == 0 ? line : line + " (and " + std::to_string(state.left_out) + " more like it)");
  state = {now_ns, 0, true};
}

} // namespace syngrad
