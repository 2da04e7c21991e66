#include "tools/subcommand.hpp"

#include "tests/support/catch.hpp"

namespace syngrad::tools {

TEST_CASE("the kind of a failure decides how the program ends, with whether its work had begun") {
  using enum error_kind;
  const auto before = [](error_kind kind) { return exit_code_of(kind, false); };
  const auto during = [](error_kind kind) { return exit_code_of(kind, true); };
  CHECK((before(setting) == exit_code::bad_usage && during(setting) == exit_code::bad_usage));
  for (const auto kind : {file, data, resource, device, busy}) {
    CAPTURE(static_cast<int>(kind));
    CHECK((before(kind) == exit_code::bad_usage && during(kind) == exit_code::failed));
  }
  for (const auto kind : {peer, internal}) {
    CAPTURE(static_cast<int>(kind));
    CHECK((before(kind) == exit_code::failed && during(kind) == exit_code::failed));
  }
  CHECK((before(interrupted) == exit_code::interrupted && during(interrupted) == exit_code::interrupted));
}

} // namespace syngrad::tools
