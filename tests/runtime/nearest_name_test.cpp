#include "runtime/nearest_name.hpp"
#include "tests/support/catch.hpp"

#include <vector>

using namespace syngrad;

TEST_CASE("The nearest name is suggested, and none where none is near") {
  const std::vector<std::string> names{"train", "bench", "steps", "sg", "learning-rate"};
  CHECK(nearest_name("trian", names) == "train");
  CHECK(nearest_name("stpes", names) == "steps");
  CHECK(nearest_name("step", names) == "steps");
  CHECK(nearest_name("learn-rate", names) == "learning-rate");
  CHECK(nearest_name("xyzzy", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(suggest("trian", names, "--") == ": did you mean --train?");
  CHECK(suggest("xyzzy", names, "--").empty());
}
