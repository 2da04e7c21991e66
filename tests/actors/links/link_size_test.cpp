// The largest tensor that a link carries.
#include "tests/actors/links/link_samples.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/two_nodes.hpp"

#include <cstring>

using namespace syngrad;
using namespace syngrad::test;

TEST_CASE("a tensor of 1 GiB crosses bit for bit") {
  cpu_device cpu;
  random_source random(1, 1);
  two_nodes nodes({});
  nodes.connect(nodes.port());
  const auto values = make_tensor(cpu.make_stream(), {256 * 1024, 1024});
  auto* const words = static_cast<std::uint64_t*>(values.data());
  for (std::size_t i = 0; i < values.bytes() / sizeof(std::uint64_t); ++i) words[i] = random.bits();
  REQUIRE(values.bytes() == std::size_t{1} << 30);
  caf::anon_send(nodes.link(), gradient{{}, gradient_kind::truth, values});
  tensor got;
  nodes.receiver()->receive([&](gradient& message) { got = std::move(message.values); },
                            caf::after(std::chrono::minutes(4)) >> [] {});
  REQUIRE(got);
  REQUIRE(got.extents() == values.extents());
  REQUIRE(std::memcmp(got.data(), values.data(), values.bytes()) == 0);
}
