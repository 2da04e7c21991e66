#include "runtime/philox.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace syngrad;

namespace {

std::vector<std::uint32_t> words(std::uint64_t low, std::uint64_t high, std::uint64_t key) {
  const auto drawn = philox(low, high, key);
  return {drawn.at, drawn.at + 4};
}

} // namespace

TEST_CASE("philox gives the known answers of its authors' library") {
  constexpr auto ones = ~std::uint64_t{0};
  REQUIRE(words(0, 0, 0) == std::vector<std::uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  REQUIRE(words(ones, ones, ones) == std::vector<std::uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  REQUIRE(words(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822) ==
          std::vector<std::uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}
