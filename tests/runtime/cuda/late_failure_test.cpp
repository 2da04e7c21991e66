// A device that breaks after the call that enqueued the work has returned.
#include "runtime/operators.hpp"
#include "runtime/stream.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

using namespace syngrad;

namespace {

const char* const reason = "scale: an illegal memory access was encountered";

// A stream whose second of three operators will break.
struct doomed {
  explicit doomed(test::late_device& where) : on(where.make_stream()), value(make_tensor(on, {1})) {
    where.ops().fill(on, value, 4);
    where.break_next_work(on, reason);
    where.ops().scale(on, value, 10);
    where.ops().scale(on, value, 10);
  }

  stream& on;
  tensor value;
};

} // namespace

TEST_CASE("work that breaks is told by every call that follows, and by none before") {
  test::late_device where(1);
  doomed work(where);
  REQUIRE_NOTHROW(work.on.raise_failure());
  REQUIRE_NOTHROW(work.on.record());
  where.synchronize();
  REQUIRE(work.value.f32()[0] == 4); // nothing after the fault was done
  REQUIRE_THROWS_AS(where.ops().fill(work.on, work.value, 1), device_failure);
  REQUIRE_THROWS_AS(work.on.record(), device_failure);
  REQUIRE_THROWS_WITH(work.on.raise_failure(), "late: " + std::string(reason));
  REQUIRE_THROWS_AS(where.make_stream().raise_failure(), device_failure); // the device is of no use any more
}

TEST_CASE("who waits for work that breaks is called back, and finds the failure") {
  test::late_device where(2);
  doomed work(where);
  std::string told;
  work.on.on_complete([&] {
    try {
      work.on.raise_failure();
    } catch (const device_failure& failure) {
      told = failure.what();
    }
  });
  const auto after = work.on.record();
  where.synchronize();
  REQUIRE(told == "late: " + std::string(reason));
  REQUIRE(after.ready());
}

TEST_CASE("memory that two streams of a broken device used is given back without a throw, and not handed out again") {
  test::late_device where(3), healthy(4);
  doomed work(where);
  work.value.read_on(where.make_stream());
  where.synchronize();
  const auto* const lost = work.value.f32();
  work.value = {};
  REQUIRE(where.memory().counters().in_use == 0);
  const auto next = where.memory().acquire(healthy.make_stream(), sizeof(float));
  REQUIRE(next->data() != lost);
  REQUIRE(where.memory().counters().allocations == 2);
}

TEST_CASE("memory that one stream of a broken device used fails who would have to wait for it") {
  test::late_device where(5), healthy(6);
  doomed work(where);
  where.synchronize();
  work.value = {};
  REQUIRE_THROWS_AS(where.memory().acquire(healthy.make_stream(), sizeof(float)), device_failure);
}
