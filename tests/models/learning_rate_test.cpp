#include "models/learning_rate.hpp"

#include "tests/models/contains.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>

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

TEST_CASE("a schedule may mix shares and step numbers, or be empty") {
  const auto rate = learning_rate::parse(1, "100:2,0.5:0.5", 1000).value();
  CHECK(rate.at(99) == 1);
  CHECK(rate.at(100) == 2);
  CHECK(rate.at(500) == 1);
  CHECK(learning_rate::parse(0.25f, "", 10).value().at(9) == 0.25f);
}

TEST_CASE("a warm-up rises in a straight line, by steps or by a share of the run") {
  for (const auto* schedule : {"warmup:4", "warmup:0.04"}) {
    const auto rate = learning_rate::parse(0.5f, schedule, 100).value();
    CHECK(rate.at(0) == 0.125f);
    CHECK(rate.at(1) == 0.25f);
    CHECK(rate.at(2) == 0.375f);
    CHECK(rate.at(3) == 0.5f);
    CHECK(rate.at(99) == 0.5f);
  }
}

TEST_CASE("a cosine falls from the end of the warm-up to its share at the last step, and stays there") {
  const auto rate = learning_rate::parse(2, "warmup:10,cosine:0.1", 111).value();
  CHECK(rate.at(9) == 2);
  CHECK(rate.at(10) == 2);
  CHECK(rate.at(60) == Approx(2 * 0.55));
  // As torch.optim.lr_scheduler.CosineAnnealingLR has it, with T_max 100 and eta_min 0.2.
  for (const std::int64_t step : {11, 30, 35, 77, 109})
    CHECK(rate.at(step) == Approx(0.2 + 1.8 * (1 + std::cos(3.14159265358979 * double(step - 10) / 100)) / 2));
  CHECK(rate.at(110) == 0.2f);
  CHECK(rate.at(111) == 0.2f);
  CHECK(rate.at(1'000'000) == 0.2f);
  for (std::int64_t step = 10; step < 110; ++step) CHECK(rate.at(step + 1) < rate.at(step));
}

TEST_CASE("a rate that is discounted by a delay begins at that part of it, and is whole when the discount is over") {
  const auto rate = learning_rate::parse(0.5f, "0.5:0.1", 1000).value().discounted(4, 200);
  CHECK(rate.at(0) == Approx(0.125));
  CHECK(rate.at(100) == Approx(0.25));
  CHECK(rate.at(150) == Approx(0.5 / std::sqrt(2)));
  CHECK(rate.at(200) == 0.5f);
  CHECK(rate.at(500) == Approx(0.05));
  for (const double delay : {0.0, 1.0}) CHECK(learning_rate(0.5f).discounted(delay, 200).at(0) == 0.5f);
  CHECK(learning_rate(0.5f).discounted(4, 0).at(0) == 0.5f);
}

TEST_CASE("a cosine without a warm-up begins at the first step, and may end at nothing") {
  const auto rate = learning_rate::parse(1, "cosine:0", 3).value();
  CHECK(rate.at(0) == 1);
  CHECK(rate.at(1) == Approx(0.5));
  CHECK(rate.at(2) == 0);
  CHECK(learning_rate::parse(1, "cosine:0.25", 1).value().at(0) == 0.25f); // its only step is the last one
}

TEST_CASE("the terms of a schedule multiply, in any order") {
  const auto all = learning_rate::parse(1, "0.5:0.5,cosine:0.1,warmup:10", 100).value(),
             steps = learning_rate::parse(1, "0.5:0.5", 100).value(),
             smooth = learning_rate::parse(1, "warmup:10,cosine:0.1", 100).value();
  for (std::int64_t step = 0; step < 100; ++step) CHECK(all.at(step) == steps.at(step) * smooth.at(step));
}

TEST_CASE("shares that fall on one step of a short run apply together") {
  const auto rate = learning_rate::parse(1, "0.6:0.5,0.8:0.5", 1).value();
  CHECK(rate.at(0) == 1);
  CHECK(rate.at(1) == 0.25f);
}

TEST_CASE("a malformed schedule is refused with the part that is wrong and an example") {
  const std::pair<const char*, const char*> cases[] = {
    {"0.6", "no ':' in '0.6'"},
    {"0.6:0.1,", "no ':' in ''"},
    {"x:0.1", "'x' is neither warmup, cosine nor a positive number"},
    {"0:0.1", "'0' is neither warmup, cosine nor a positive number"},
    {"-0.5:0.1", "'-0.5' is neither warmup, cosine nor a positive number"},
    {"nan:0.1", "'nan' is neither warmup, cosine nor a positive number"},
    {"1.5:0.1", "'1.5' is neither a share below 1 nor a whole step number"},
    {"0.5:0", "the factor '0' is not a positive number"},
    {"0.5:-1", "the factor '-1' is not a positive number"},
    {"0.5:inf", "the factor 'inf' is not a positive number"},
    {"0.5:0.1x", "the factor '0.1x' is not a positive number"},
    {"0.8:0.1,0.6:0.1", "the change at step 600 comes before what precedes it"},
    {"warmup", "no ':' in 'warmup'"},
    {"warm:5", "'warm' is neither warmup, cosine nor a positive number"},
    {"warmup:0", "the warm-up '0' is neither a share below 1 nor a whole number of steps"},
    {"warmup:1.5", "the warm-up '1.5' is neither"},
    {"warmup:nan", "the warm-up 'nan' is neither"},
    {"warmup:5,warmup:6", "'warmup' comes twice"},
    {"cosine:1.1", "what the cosine leaves, '1.1', is not a share from 0 to 1"},
    {"cosine:-0.1", "'-0.1'"},
    {"cosine:nan", "'nan'"},
    {"cosine:", "''"},
    {"cosine:0,cosine:0", "'cosine' comes twice"},
    {"warmup:1000,cosine:0", "a warm-up of 1000 steps leaves none of the run's 1000 for the cosine"},
  };
  for (const auto& [schedule, why] : cases) {
    const auto parsed = learning_rate::parse(1, schedule, 1000);
    REQUIRE_FALSE(parsed);
    CHECK_THAT(parsed.message(), contains(why) && contains("0.6:0.1,0.8:0.1"));
  }
}

TEST_CASE("a schedule can be checked before the number of steps is known") {
  for (const auto* good : {"", "100:0.5,0.2:0.1", "warmup:1000000,cosine:0", "0.001:2"}) CHECK(check_schedule(good));
  for (const auto* bad : {"half", "0.5:0", "warmup:0", "cosine:2", "cosine:0,cosine:0"})
    CHECK_FALSE(check_schedule(bad));
}

TEST_CASE("a learning rate must be a number of at least zero") {
  CHECK_FALSE(learning_rate::parse(-1, "", 10));
  CHECK_FALSE(learning_rate::parse(std::numeric_limits<float>::quiet_NaN(), "", 10));
  CHECK(learning_rate::parse(0, "", 10));
}

} // namespace
} // namespace syngrad
