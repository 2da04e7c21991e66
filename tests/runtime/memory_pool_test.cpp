#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"

#include <thread>

using namespace syngrad;

namespace {

std::uintptr_t address(const buffer_ref& of) {
  return reinterpret_cast<std::uintptr_t>(of->data());
}

} // namespace

TEST_CASE("memory that was given back is handed out again") {
  cpu_device where;
  auto& on = where.make_stream();
  auto first = where.memory().acquire(on, 1000);
  const auto* const data = first->data();
  first = {};
  const auto second = where.memory().acquire(on, 1000);
  REQUIRE(second->data() == data);
  REQUIRE(where.memory().counters().allocations == 1);
}

TEST_CASE("the counters tell what was asked of the source and what is out") {
  cpu_device where;
  auto& on = where.make_stream();
  auto a = where.memory().acquire(on, 64), b = where.memory().acquire(on, 128);
  REQUIRE(where.memory().counters().allocations == 2);
  REQUIRE(where.memory().counters().bytes == 192);
  REQUIRE(where.memory().counters().in_use == 2);
  const auto copy = a;
  a = {};
  REQUIRE(where.memory().counters().in_use == 2);
  b = {};
  REQUIRE(where.memory().counters().in_use == 1);
  REQUIRE(where.memory().counters().bytes == 192);
}

TEST_CASE("sizes of one class share memory, and a class wastes at most an eighth and a line") {
  cpu_device where;
  auto& on = where.make_stream();
  for (const std::size_t bytes : {1, 63, 64, 65, 200, 1000, 1025, 4097, 100000, 262144, 802816, 1000003}) {
    CAPTURE(bytes);
    const auto held = where.memory().acquire(on, bytes);
    REQUIRE(held->bytes() >= bytes);
    REQUIRE(held->bytes() <= bytes + bytes / 8 + 64);
    REQUIRE(address(held) % 64 == 0);
  }
  auto larger = where.memory().acquire(on, 262144 + 5);
  const auto allocations = where.memory().counters().allocations;
  larger = {};
  const auto smaller = where.memory().acquire(on, 262144 + 1);
  REQUIRE(where.memory().counters().allocations == allocations);
}

TEST_CASE("no bytes are still an address") {
  cpu_device where;
  REQUIRE(where.memory().acquire(where.make_stream(), 0)->data() != nullptr);
}

TEST_CASE("buffers that are held at once do not overlap") {
  cpu_device where;
  auto& on = where.make_stream();
  std::vector<buffer_ref> held;
  for (int i = 0; i < 50; ++i) held.push_back(where.memory().acquire(on, 96));
  std::vector<std::uintptr_t> addresses;
  for (const auto& each : held) addresses.push_back(address(each));
  std::sort(addresses.begin(), addresses.end());
  for (std::size_t i = 1; i < addresses.size(); ++i) REQUIRE(addresses[i] - addresses[i - 1] >= 96);
}

TEST_CASE("threads may take and give back memory at once, and a warm pool does not grow") {
  cpu_device where;
  const auto churn = [&] {
    auto& on = where.make_stream();
    for (int i = 0; i < 2000; ++i) {
      auto one = make_tensor(on, {7, 9}), two = make_tensor(on, {100});
      one.f32()[0] = two.f32()[99] = static_cast<float>(i);
    }
  };
  std::thread left(churn), right(churn);
  left.join();
  right.join();
  REQUIRE(where.memory().counters().in_use == 0);
  REQUIRE(where.memory().counters().allocations <= 4);
}
