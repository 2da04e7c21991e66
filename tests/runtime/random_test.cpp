#include "runtime/random.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace syngrad;

TEST_CASE("the sequence of a seed and stream number is fixed") {
  // From an independent implementation of xoshiro256** and splitmix64, checked against their published first outputs.
  random_source zero(0, 0), one(1, 0), other_stream(1, 1), another(42, 7);
  REQUIRE(zero.bits() == 0x99ec5f36cb75f2b4);
  REQUIRE(zero.bits() == 0xbf6e1f784956452a);
  REQUIRE(zero.bits() == 0x1a5f849d4933e6e0);
  REQUIRE(one.bits() == 0x422ea740d0977210);
  REQUIRE(one.bits() == 0xe062b061b42e2928);
  REQUIRE(other_stream.bits() == 0x428097235a07e450);
  REQUIRE(another.bits() == 0x748d03edd014781d);
  REQUIRE(another.bits() == 0xa68fdccc941b75a0);
  REQUIRE(another.bits() == 0x7371b7cfb971bb20);
}

TEST_CASE("uniform numbers fill the unit interval evenly") {
  random_source random(5, 0);
  constexpr int draws = 100000, bins = 20;
  std::vector<int> count(bins);
  for (int i = 0; i < draws; ++i) {
    const auto x = random.uniform();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    ++count[static_cast<std::size_t>(x * bins)];
  }
  double chi_squared = 0;
  constexpr double expected = double{draws} / bins;
  for (const auto each : count) chi_squared += (each - expected) * (each - expected) / expected;
  REQUIRE(chi_squared < 43.8); // 19 degrees of freedom: exceeded once in a thousand seeds
}

TEST_CASE("numbers below a bound reach each value equally often, and no other") {
  random_source random(6, 0);
  constexpr std::uint32_t bound = 10;
  std::vector<int> count(bound);
  for (int i = 0; i < 100000; ++i) ++count.at(random.below(bound));
  for (const auto each : count) REQUIRE(std::abs(each - 10000) < 400); // four standard deviations
}

TEST_CASE("normal numbers have mean 0, variance 1 and few outliers") {
  random_source random(7, 0);
  constexpr int draws = 100000;
  double sum = 0, squares = 0;
  int beyond_two = 0;
  for (int i = 0; i < draws; ++i) {
    const auto x = random.normal();
    sum += x;
    squares += x * x;
    beyond_two += std::abs(x) > 2;
  }
  REQUIRE(sum / draws == Approx(0).margin(0.013));
  REQUIRE(squares / draws == Approx(1).margin(0.018));
  REQUIRE(beyond_two / double{draws} == Approx(0.0455).margin(0.0027));
}

TEST_CASE("streams of one seed do not repeat each other") {
  random_source a(9, 1), b(9, 2);
  int equal_bits = 0;
  for (int i = 0; i < 1000; ++i) equal_bits += std::popcount(~(a.bits() ^ b.bits()));
  REQUIRE(std::abs(equal_bits - 32000) < 506); // four standard deviations
}
