// Recorded work on a device that works late: what a replay reads too early or writes too soon would show as a number.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/replay_cache.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include <stdexcept>

using namespace syngrad;

namespace {

constexpr std::int64_t row_elements = 16;
constexpr replay_cache::name name{1};

tensor filled(stream& on, float value, std::int64_t elements = row_elements) {
  auto made = make_tensor(on, {elements});
  on.ops().fill(on, made, value);
  return made;
}

// y = 3 x, by way of memory that is free again at once.
tensor tripled(stream& on, const tensor& x) {
  auto twice = make_tensor(on, x.extents()), y = make_tensor(on, x.extents());
  on.ops().copy(on, x, twice);
  on.ops().scale(on, twice, 2);
  on.ops().copy(on, x, y);
  on.ops().add(on, twice, 1, y);
  return y;
}

tensor run_tripled(replay_cache& cache, stream& on, const tensor& x) {
  tensor y;
  tensor* const output = &y;
  cache.run(on, name, {&x}, {&output, 1}, [&] { y = tripled(on, x); });
  return y;
}

} // namespace

TEST_CASE("work that is asked for again is recorded once, and replayed from then on with the numbers of the day") {
  test::late_device where(1);
  auto& on = where.make_stream();
  replay_cache cache;
  auto x = filled(on, 0), seen = make_tensor(on, {row_elements, 20});
  std::uint64_t warm = 0;
  for (int i = 0; i < 20; ++i) {
    on.ops().fill(on, x, static_cast<float>(i));
    auto kept = seen.view(i * row_elements, {row_elements});
    on.ops().copy(on, run_tripled(cache, on, x), kept);
    if (i == 2) warm = where.memory().counters().allocations;
  }
  where.synchronize();
  for (int i = 0; i < 20; ++i) REQUIRE(seen.f32()[i * row_elements + row_elements - 1] == static_cast<float>(3 * i));
  REQUIRE(cache.count().plain_runs == 2);
  REQUIRE(cache.count().recordings == 1);
  REQUIRE(cache.count().replays == 18);
  REQUIRE(where.memory().counters().allocations == warm);
}

TEST_CASE("a replay is one piece of work, whatever the number of its operators") {
  test::late_device where(2);
  auto& on = where.make_stream();
  replay_cache cache;
  const auto x = filled(on, 1);
  for (int i = 0; i < 3; ++i) run_tripled(cache, on, x);
  where.synchronize();
  const auto before = where.works_done();
  run_tripled(cache, on, x);
  where.synchronize();
  REQUIRE(where.works_done() == before + 1);
}

TEST_CASE("a slot that another stream still reads is replayed only after that") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    test::late_device where(seed);
    auto &on = where.make_stream(), &reader = where.make_stream();
    replay_cache cache;
    auto x = filled(on, 0);
    auto seen = make_tensor(reader, {row_elements, 12});
    for (int i = 0; i < 12; ++i) {
      on.ops().fill(on, x, static_cast<float>(i));
      auto y = run_tripled(cache, on, x);
      y.ready_after(on.record());
      auto kept = seen.view(i * row_elements, {row_elements});
      reader.ops().copy(reader, y.read_on(reader), kept);
    }
    where.synchronize();
    for (int i = 0; i < 12; ++i) REQUIRE(seen.f32()[i * row_elements] == static_cast<float>(3 * i));
    REQUIRE(cache.count().slots == 1);
    REQUIRE(cache.count().replays == 10);
  }
}

TEST_CASE("where an output is still held, the next call with the same inputs has a slot of its own") {
  test::late_device where(3);
  auto& on = where.make_stream();
  replay_cache cache;
  auto x = filled(on, 5);
  run_tripled(cache, on, x);
  const auto first = run_tripled(cache, on, x), second = run_tripled(cache, on, x);
  on.ops().fill(on, x, 7);
  const auto third = run_tripled(cache, on, x);
  where.synchronize();
  REQUIRE(first.f32() != second.f32());
  REQUIRE(first.f32()[0] == 15);
  REQUIRE(second.f32()[0] == 15);
  REQUIRE(third.f32()[0] == 21);
  REQUIRE(cache.count().slots == 3);
  REQUIRE(cache.count().recordings == 0);
}

TEST_CASE("other inputs, other shapes and other names are other recordings") {
  test::late_device where(4);
  auto& on = where.make_stream();
  replay_cache cache;
  const auto a = filled(on, 1), b = filled(on, 2), longer = filled(on, 3, 2 * row_elements);
  const auto part = longer.view(0, {row_elements});
  for (int i = 0; i < 4; ++i)
    for (const auto* each : {&a, &b, &longer, &part}) {
      const auto y = run_tripled(cache, on, *each);
      REQUIRE(y.elements() == each->elements());
      where.synchronize();
      REQUIRE(y.f32()[0] == 3 * each->f32()[0]);
    }
  REQUIRE(cache.count().recordings == 4);
  for (int i = 0; i < 3; ++i) cache.run(on, {1, 1}, {&a}, {}, [] {});
  REQUIRE(cache.count().recordings == 5);
  REQUIRE(cache.count().slots == 5);
}

TEST_CASE("an output that is a part of an input is a part of the input at hand") {
  test::late_device where(5);
  auto& on = where.make_stream();
  replay_cache cache;
  for (int i = 0; i < 4; ++i) {
    const auto x = filled(on, static_cast<float>(i));
    tensor part, none = x;
    tensor* const outputs[] = {&part, &none};
    cache.run(on, name, {&x}, outputs, [&] {
      part = x.view(4, {4});
      none = {};
    });
    REQUIRE(part.memory().get() == x.memory().get());
    REQUIRE(part.f32() == x.f32() + 4);
    REQUIRE_FALSE(none);
  }
  REQUIRE(cache.count().recordings == 1);
}

TEST_CASE("beyond the limit work runs without a slot, and a slot that is long out of use makes room") {
  test::late_device where(6);
  auto& on = where.make_stream();
  replay_cache cache(2);
  const auto a = filled(on, 1), b = filled(on, 2), c = filled(on, 3);
  tensor y;
  for (int i = 0; i < 2; ++i)
    for (const auto* each : {&a, &b, &c}) y = run_tripled(cache, on, *each);
  REQUIRE(y.memory()->pool().counters().bytes == where.memory().counters().bytes); // of the whole pool
  where.synchronize();
  REQUIRE(y.f32()[0] == 9);
  REQUIRE(cache.count().plain_runs == 6);
  REQUIRE(cache.count().slots == 2);
  y = {};
  for (int i = 0; i < 16; ++i) run_tripled(cache, on, a); // b grows stale
  for (int i = 0; i < 3; ++i) {
    y = {};
    y = run_tripled(cache, on, c);
  }
  where.synchronize();
  REQUIRE(y.f32()[0] == 9);
  REQUIRE(cache.count().slots == 2);
  REQUIRE(cache.count().recordings == 2); // of a and c
}

TEST_CASE("what was handed out outlives the cache, and its memory is not handed out anew") {
  test::late_device where(7);
  auto& on = where.make_stream();
  tensor y;
  {
    replay_cache cache;
    const auto x = filled(on, 2);
    for (int i = 0; i < 3; ++i) {
      y = {};
      y = run_tripled(cache, on, x);
    }
  }
  const auto other = filled(on, -1), another = filled(on, -1), last = filled(on, -1);
  where.synchronize();
  REQUIRE(y.f32()[row_elements - 1] == 6);
}

TEST_CASE("what a cache kept of the pool serves the next one") {
  test::late_device where(8);
  auto& on = where.make_stream();
  const auto x = filled(on, 2);
  {
    replay_cache cache;
    for (int i = 0; i < 3; ++i) run_tripled(cache, on, x);
    REQUIRE(where.memory().counters().in_use == 3); // x, and what a call takes
  }
  REQUIRE(where.memory().counters().in_use == 1);
  const auto allocations = where.memory().counters().allocations;
  replay_cache cache;
  for (int i = 0; i < 3; ++i) run_tripled(cache, on, x);
  REQUIRE(cache.count().recordings == 1);
  REQUIRE(where.memory().counters().allocations == allocations);
}

TEST_CASE("a wait within recorded work is refused, and the stream works on") {
  test::late_device where(9);
  auto &on = where.make_stream(), &other = where.make_stream();
  replay_cache cache;
  const auto x = filled(other, 1);
  const auto waits = [&] { on.wait(other.record()); };
  for (int i = 0; i < 2; ++i) cache.run(on, name, {&x}, {}, waits);
  REQUIRE_THROWS_AS(cache.run(on, name, {&x}, {}, waits), std::logic_error);
  const auto y = filled(on, 4);
  where.synchronize();
  REQUIRE(y.f32()[0] == 4);
}

TEST_CASE("on a device that records nothing the work simply runs, in memory of the pool") {
  cpu_device where;
  auto& on = where.make_stream();
  replay_cache cache;
  const auto x = filled(on, 2);
  for (int i = 0; i < 3; ++i) REQUIRE(run_tripled(cache, on, x).f32()[0] == 6);
  REQUIRE(cache.count().slots == 0);
  REQUIRE(cache.count().replays == 0);
  REQUIRE(where.memory().counters().in_use == 1);
}

TEST_CASE("a step reads its numbers when it is done, not when it is enqueued") {
  test::late_device where(10);
  auto& on = where.make_stream();
  auto value = filled(on, 1), first = filled(on, 0), second = filled(on, 0);
  const auto gradient = filled(on, 2);
  auto plain_value = filled(on, 1), plain_first = filled(on, 0), plain_second = filled(on, 0);
  auto numbers = make_tensor(on, {sizeof(step_numbers)}, dtype::u8);
  const auto work = [&] {
    on.ops().adam_step(on, {value, gradient, 0, 0, 0.5f, nullptr, nullptr, &numbers}, first, second, 0.9f, 0.99f, 1e-8f,
                       0, true);
  };
  replay_cache cache;
  for (std::int64_t step = 1; step <= 5; ++step) {
    const float rate = 0.1f / static_cast<float>(step), scale = 0.25f * static_cast<float>(step);
    on.ops().adam_step(on, {plain_value, gradient, scale, rate, 0.5f, nullptr, nullptr}, plain_first, plain_second,
                       0.9f, 0.99f, 1e-8f, step, true);
    step_numbers now;
    now.scale = scale;
    now.learning_rate = rate;
    set_adam_numbers(now, 0.5f, 0.9f, 0.99f, step, true);
    on.ops().upload(on, &now, numbers);
    cache.run(on, name, {&gradient}, {}, work);
  }
  where.synchronize();
  REQUIRE(cache.count().replays == 3);
  REQUIRE(value.f32()[0] != 1);
  REQUIRE(value.f32()[row_elements - 1] == plain_value.f32()[row_elements - 1]);
  REQUIRE(second.f32()[0] == plain_second.f32()[0]);
}
