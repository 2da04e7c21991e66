// Formats on the wire: what comes back, and how far it may be from what was sent.
#include "tests/support/catch.hpp"

#include "actors/links/wire_format.hpp"
#include "runtime/random.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace syngrad;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

std::vector<float> there_and_back(const std::vector<float>& values, shape extents, wire_format format) {
  std::vector<char> wire(wire_bytes(extents, format) + 1);
  to_wire(values.data(), extents, format, wire.data() + 1); // at an odd address
  std::vector<float> back(values.size());
  from_wire(wire.data() + 1, extents, format, back.data());
  return back;
}

std::vector<float> random_values(std::size_t count, float scale, random_source& random) {
  std::vector<float> out(count);
  for (auto& each : out) each = static_cast<float>(random.uniform(-1, 1)) * scale;
  return out;
}

} // namespace

TEST_CASE("f32 comes back bit for bit") {
  const std::vector<float> values{not_a_number, -inf, inf, -0.0f, 1e-42f, 3.5f};
  const auto back = there_and_back(values, {2, 3}, wire_format::f32);
  REQUIRE(std::memcmp(back.data(), values.data(), sizeof(float) * values.size()) == 0);
}

TEST_CASE("bf16 is within one part in 256, and keeps what is special") {
  random_source random(1, 1);
  for (const float scale : {1e-30f, 1.0f, 1e30f}) {
    const auto values = random_values(1000, scale, random);
    const auto back = there_and_back(values, {10, 100}, wire_format::bf16);
    for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(std::abs(back[i] - values[i]) <= std::abs(values[i]) / 256);
  }
  const auto back =
    there_and_back({not_a_number, -inf, inf, -0.0f, std::bit_cast<float>(0x7f800001u), 1.0f}, {6}, wire_format::bf16);
  REQUIRE(std::isnan(back[0]));
  REQUIRE(back[1] == -inf);
  REQUIRE(back[2] == inf);
  REQUIRE(std::bit_cast<std::uint32_t>(back[3]) == 0x80000000u);
  REQUIRE(std::isnan(back[4]));
  REQUIRE(back[5] == 1.0f);
}

TEST_CASE("int8 is within half a step of its row, whatever the other rows hold") {
  random_source random(2, 1);
  std::vector<float> values;
  const std::vector<float> scales{1e-30f, 1e-3f, 1.0f, 1e6f, 3e38f};
  for (const float scale : scales) {
    const auto row = random_values(77, scale, random);
    values.insert(values.end(), row.begin(), row.end());
  }
  const auto back = there_and_back(values, {5, 77}, wire_format::int8);
  for (std::size_t row = 0; row < scales.size(); ++row) {
    float largest = 0;
    for (std::size_t i = 0; i < 77; ++i) largest = std::max(largest, std::abs(values[row * 77 + i]));
    for (std::size_t i = row * 77; i < (row + 1) * 77; ++i)
      REQUIRE(std::abs(back[i] - values[i]) <= largest / 127 * 0.5001f);
  }
}

TEST_CASE("int8 makes a row with a number that is not finite all NaN, and leaves its neighbours alone") {
  const auto back =
    there_and_back({1, not_a_number, 3, 1, 2, 127, -inf, 0, 0, 0, 0, 0, 1e-42f, 0, 0}, {5, 3}, wire_format::int8);
  for (const std::size_t i : {0u, 1u, 2u, 6u, 7u, 8u}) REQUIRE(std::isnan(back[i]));
  REQUIRE(back[3] == 1.0f);
  REQUIRE(back[4] == 2.0f);
  REQUIRE(back[5] == 127.0f);
  for (std::size_t i = 9; i < 15; ++i) REQUIRE(back[i] == 0.0f);
}

TEST_CASE("bytes on the wire are what the table says") {
  REQUIRE(wire_bytes({8, 100}, wire_format::f32) == 3200);
  REQUIRE(wire_bytes({8, 100}, wire_format::bf16) == 1600);
  REQUIRE(wire_bytes({8, 100}, wire_format::int8) == 832);
  REQUIRE(wire_bytes({8, 0}, wire_format::int8) == 0);
  REQUIRE(wire_bytes({0, 8}, wire_format::bf16) == 0);
  for (const auto format : {wire_format::f32, wire_format::bf16, wire_format::int8})
    REQUIRE(wire_format_named(name_of(format)) == format);
  REQUIRE_FALSE(wire_format_named("f16"));
}
