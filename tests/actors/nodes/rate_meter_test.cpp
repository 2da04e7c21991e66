// Times are made up; bytes a second must come out.
#include "actors/nodes/peer_actor.hpp"

#include <catch2/catch.hpp>

using namespace syngrad;

namespace {

constexpr std::int64_t ms = 1'000'000;

struct imagined_link {
  double bytes_per_second;
  std::int64_t round_trip_ns;

  std::int64_t time_of(std::uint64_t bytes) const {
    return round_trip_ns + static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / bytes_per_second);
  }
};

struct measurement {
  double rate = 0;
  int bursts = 0;
};

measurement measure(const imagined_link& link, std::uint64_t most, std::int64_t believed_round_trip_ns) {
  rate_meter meter(most);
  measurement out;
  for (std::optional<double> rate; !rate; out.rate = rate.value_or(0)) {
    ++out.bursts;
    rate = meter.take(link.time_of(meter.burst()), believed_round_trip_ns);
  }
  return out;
}

} // namespace

TEST_CASE("bursts grow until one can be timed, and the rate is that of the link") {
  const imagined_link fast{1e9, ms / 10};
  const auto found = measure(fast, 64 << 20, fast.round_trip_ns);
  CHECK(found.rate == Approx(1e9).epsilon(0.01));
  CHECK(found.bursts == 6); // 256 KiB, 1, 4 and three of 16 MiB
}

TEST_CASE("a long way does not count as slowness") {
  const imagined_link far{1e9, 200 * ms};
  CHECK(measure(far, 1 << 30, far.round_trip_ns).rate == Approx(1e9).epsilon(0.01));
}

TEST_CASE("one burst is enough of a link that needs a second for it") {
  const imagined_link slow{1e5, ms};
  const auto found = measure(slow, 64 << 20, slow.round_trip_ns);
  CHECK(found.rate == Approx(1e5).epsilon(0.01));
  CHECK(found.bursts == 1);
}

TEST_CASE("a round trip measured longer than a burst bounds the error, and the largest burst is kept to") {
  const imagined_link fast{1e9, ms / 10};
  const auto found = measure(fast, 4 << 20, 500 * ms);
  CHECK(found.rate <= 8.1e9);
  CHECK(found.bursts == 5); // 256 KiB, 1 and three of 4 MiB
}

TEST_CASE("one disturbed burst of three changes nothing") {
  rate_meter meter;
  CHECK(!meter.take(20 * ms, 0));
  CHECK(!meter.take(900 * ms, 0));
  CHECK(meter.take(20 * ms, 0).value() == Approx(256.0 * 1024 / 0.02));
}
