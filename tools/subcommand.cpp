#include "tools/subcommand.hpp"

#include <iostream>

namespace syngrad::tools {

namespace {

exit_code end_command(const std::string& name, const error& why, bool begun) {
  std::cerr << "syngrad " << name << ": " << why.message << '\n';
  return exit_code_of(why.kind, begun);
}

} // namespace

exit_code exit_code_of(error_kind kind, bool begun) {
  switch (kind) {
  case error_kind::setting:
    return exit_code::bad_usage;
  case error_kind::file:
  case error_kind::data:
  case error_kind::resource:
  case error_kind::device:
  case error_kind::busy:
    return begun ? exit_code::failed : exit_code::bad_usage;
  case error_kind::interrupted:
    return exit_code::interrupted;
  case error_kind::peer:
  case error_kind::internal:
    break;
  }
  return exit_code::failed;
}

exit_code refuse_command(const std::string& name, const error& why) {
  return end_command(name, why, false);
}

exit_code fail_command(const std::string& name, const error& why) {
  return end_command(name, why, true);
}

} // namespace syngrad::tools
