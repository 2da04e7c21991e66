#include "runtime/cuda/kernels/matmul_kernels.hpp"

#include "runtime/random.hpp"
#include "tests/support/catch.hpp"

#include <bit>
#include <cmath>
#include <limits>

using namespace syngrad;
using cuda::kernels::to_bfloat16;

namespace {

float value_of(std::uint16_t rounded) {
  return std::bit_cast<float>(std::uint32_t{rounded} << 16);
}

} // namespace

TEST_CASE("numbers of eight bits are kept, and others go to the nearest") {
  for (const auto exact : {0.0f, -0.0f, 1.0f, -2.5f, 0x1.7cp10f, 0x1p-120f})
    REQUIRE(value_of(to_bfloat16(exact)) == exact);
  REQUIRE(std::signbit(value_of(to_bfloat16(-0.0f))));
  random_source random(1, 2);
  for (int i = 0; i < 10000; ++i) {
    const auto x = static_cast<float>(random.normal());
    const auto rounded = value_of(to_bfloat16(x));
    REQUIRE(std::abs(rounded - x) <= std::abs(x) * 0x1p-8f);
    const auto bits = to_bfloat16(x);
    for (const auto neighbour :
         {value_of(static_cast<std::uint16_t>(bits + 1)), value_of(static_cast<std::uint16_t>(bits - 1))})
      REQUIRE(std::abs(rounded - x) <= std::abs(neighbour - x));
  }
}

TEST_CASE("a tie goes to the even neighbour") {
  REQUIRE(value_of(to_bfloat16(0x1.01p0f)) == 0x1.00p0f);
  REQUIRE(value_of(to_bfloat16(0x1.03p0f)) == 0x1.04p0f);
}

TEST_CASE("what is not finite stays what it is, and the largest float becomes infinite") {
  constexpr auto infinity = std::numeric_limits<float>::infinity();
  REQUIRE(value_of(to_bfloat16(infinity)) == infinity);
  REQUIRE(value_of(to_bfloat16(-infinity)) == -infinity);
  REQUIRE(std::isnan(value_of(to_bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  REQUIRE(
    std::isnan(value_of(to_bfloat16(std::bit_cast<float>(0x7f800001u))))); // its fraction is in the lower half only
  REQUIRE(value_of(to_bfloat16(std::numeric_limits<float>::max())) == infinity);
}
