#include "models/learning_rate.hpp"

#include "tests/models/contains.hpp"
#include "tests/support/catch.hpp"

namespace syngrad {
namespace {

TEST_CASE("the learning rate is multiplied by each factor from its step on") {
  const auto rate = learning_rate::parse(0.5f, "0.6:0.1,0.8:0.5", 1000).value();
  CHECK(rate.at(0) == 0.5f);
  CHECK(rate.at(599) == 0.5f);
  CHECK(rate.at(600) == Approx(0.05));
  CHECK(rate.at(799) == Approx(0.05));
  CHECK(rate.at(800) == Approx(0.025));
  CHECK(rate.at(1'000'000) == Approx(0.025));
}

TEST_CASE("a decay may mix shares and step numbers, or be empty") {
  const auto rate = learning_rate::parse(1, "100:2,0.5:0.5", 1000).value();
  CHECK(rate.at(99) == 1);
  CHECK(rate.at(100) == 2);
  CHECK(rate.at(500) == 1);
  CHECK(learning_rate::parse(0.25f, "", 10).value().at(9) == 0.25f);
}

TEST_CASE("shares that fall on one step of a short run apply together") {
  const auto rate = learning_rate::parse(1, "0.6:0.5,0.8:0.5", 1).value();
  CHECK(rate.at(0) == 1);
  CHECK(rate.at(1) == 0.25f);
}

TEST_CASE("a malformed decay is refused with the part that is wrong and an example") {
  const std::pair<const char*, const char*> cases[] = {
    {"0.6", "no ':' in '0.6'"},
    {"0.6:0.1,", "no ':' in ''"},
    {"x:0.1", "'x' is not a positive number"},
    {"0:0.1", "'0' is not a positive number"},
    {"-0.5:0.1", "'-0.5' is not a positive number"},
    {"nan:0.1", "'nan' is not a positive number"},
    {"1.5:0.1", "'1.5' is neither a share below 1 nor a whole step number"},
    {"0.5:0", "the factor '0' is not a positive number"},
    {"0.5:-1", "the factor '-1' is not a positive number"},
    {"0.5:inf", "the factor 'inf' is not a positive number"},
    {"0.5:0.1x", "the factor '0.1x' is not a positive number"},
    {"0.8:0.1,0.6:0.1", "'0.6:0.1' comes before what precedes it"},
  };
  for (const auto& [decay, why] : cases) {
    const auto parsed = learning_rate::parse(1, decay, 1000);
    REQUIRE_FALSE(parsed);
    CHECK_THAT(parsed.message(), contains(why) && contains("0.6:0.1,0.8:0.1"));
  }
}

TEST_CASE("a learning rate must be a number of at least zero") {
  CHECK_FALSE(learning_rate::parse(-1, "", 10));
  CHECK_FALSE(learning_rate::parse(std::numeric_limits<float>::quiet_NaN(), "", 10));
  CHECK(learning_rate::parse(0, "", 10));
}

} // namespace
} // namespace syngrad
