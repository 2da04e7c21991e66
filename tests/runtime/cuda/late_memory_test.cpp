// How memory goes from one use to the next on a device that works late.
#include "runtime/operators.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include <thread>
#include <vector>

using namespace syngrad;

namespace {

constexpr std::int64_t used_elements = 16;

// Writes `value` into memory of the pool and copies it to `kept`; the memory is free again when this returns.
void pass_through(stream& on, float value, tensor& kept) {
  auto passing = make_tensor(on, {used_elements});
  on.ops().fill(on, passing, value);
  on.ops().copy(on, passing, kept);
}

} // namespace

TEST_CASE("a stream reuses its own memory without an event, for its order suffices") {
  test::late_device where(1);
  auto& on = where.make_stream();
  { const auto used = make_tensor(on, {used_elements}); }
  const auto again = make_tensor(on, {used_elements});
  REQUIRE(where.memory().counters().allocations == 1);
  REQUIRE(where.idle()); // nothing was recorded and nothing is waited for
}

TEST_CASE("of several free buffers a stream takes its own, and leaves the others theirs") {
  test::late_device where(2);
  auto &left = where.make_stream(), &right = where.make_stream();
  auto of_left = make_tensor(left, {used_elements}), of_right = make_tensor(right, {used_elements});
  const auto *const left_memory = of_left.f32(), *const right_memory = of_right.f32();
  of_left = {};
  of_right = {};
  const auto first = make_tensor(left, {used_elements}), second = make_tensor(right, {used_elements});
  REQUIRE(first.f32() == left_memory);
  REQUIRE(second.f32() == right_memory);
  REQUIRE(where.idle());
}

TEST_CASE("memory that goes from stream to stream is not written before it was read") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    test::late_device where(seed);
    std::vector<tensor> kept;
    for (int i = 0; i < 6; ++i) {
      auto& on = where.make_stream();
      kept.push_back(make_tensor(on, {2 * used_elements})); // of another size
      auto target = kept.back().view(0, {used_elements});
      pass_through(on, static_cast<float>(i), target);
    }
    REQUIRE(where.memory().counters().allocations == 7); // one passes through all streams
    where.synchronize();
    REQUIRE(where.idle());
    for (std::size_t i = 0; i < kept.size(); ++i) REQUIRE(kept[i].f32()[used_elements - 1] == static_cast<float>(i));
  }
}

// As the targets of a batch, which every group of a deep network reads.
TEST_CASE("memory that many streams read is not written before the last of them has read it") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    test::late_device where(seed);
    auto& writer = where.make_stream();
    auto shared = make_tensor(writer, {used_elements});
    writer.ops().fill(writer, shared, 7);
    std::vector<tensor> kept;
    for (int i = 0; i < 40; ++i) {
      auto& reader = where.make_stream();
      reader.wait(writer.record());
      kept.push_back(make_tensor(reader, {2 * used_elements}));
      auto target = kept.back().view(0, {used_elements});
      reader.ops().copy(reader, shared.read_on(reader), target);
    }
    const auto* const memory = shared.f32();
    shared = {};
    auto next = make_tensor(writer, {used_elements});
    REQUIRE(next.f32() == memory);
    writer.ops().fill(writer, next, 9);
    where.synchronize();
    for (const auto& each : kept) REQUIRE(each.f32()[used_elements - 1] == 7);
  }
}

TEST_CASE("threads with streams of their own take and give back memory at once") {
  test::late_device where(3);
  const auto churn = [&](stream& on) {
    for (int i = 0; i < 500; ++i) {
      auto one = make_tensor(on, {7, 9}), two = make_tensor(on, {100});
    }
  };
  auto &left_stream = where.make_stream(), &right_stream = where.make_stream();
  std::thread left([&] { churn(left_stream); }), right([&] { churn(right_stream); });
  left.join();
  right.join();
  where.synchronize();
  REQUIRE(where.idle());
  REQUIRE(where.memory().counters().in_use == 0);
  REQUIRE(where.memory().counters().allocations <= 4);
}
