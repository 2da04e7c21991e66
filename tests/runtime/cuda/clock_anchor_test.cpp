// When an anchor of a device's clock is worth more than the one before.
#include "runtime/cuda/clock_anchor.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad::cuda;

namespace {

constexpr std::int64_t second = 1'000'000'000;

} // namespace

TEST_CASE("an anchor lies in the middle of what is known, and is off by half of it at most") {
  const clock_anchor anchor{1000, 9000};
  REQUIRE(anchor.host_ns() == 5000);
  REQUIRE(uncertainty_of(anchor, 0) == 4000);
  REQUIRE(uncertainty_of({1000, 1001}, 0) == 1);
}

TEST_CASE("times away from an anchor are less certain, before it as after it") {
  const clock_anchor anchor{0, 4000};
  REQUIRE(uncertainty_of(anchor, second) == 2000 + drift_per_second_ns);
  REQUIRE(uncertainty_of(anchor, -second / 10) == 2000 + drift_per_second_ns / 10);
}

TEST_CASE("a new anchor replaces an older one unless it was seen so late that it is worse") {
  const clock_anchor current{0, 4000};
  const auto after = [](std::int64_t ns, std::int64_t seen_late_ns) { return clock_anchor{ns - seen_late_ns, ns}; };
  REQUIRE(replaces(after(second / 10, 4000), current));
  REQUIRE(replaces(after(second / 10, 10'000), current));       // 5 us against 2 us and 5 us of drift
  REQUIRE_FALSE(replaces(after(second / 10, 20'000), current)); // 10 us
  REQUIRE(replaces(after(second, 20'000), current));            // the older one has drifted by 50 us
}
