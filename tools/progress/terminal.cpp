#include "tools/progress/terminal.hpp"

#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

} // namespace

terminal standard_terminal() {
  const char* kind = std::getenv("TERM");
  const bool capable = kind && std::string_view(kind) != "dumb";
  terminal found;
  found.interactive = capable && ::isatty(STDOUT_FILENO);
  found.colour = found.interactive && !is_set("NO_COLOR");
  found.width = [] {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int{size.ws_col} : 80;
  };
  return found;
}

} // namespace syngrad::tools
