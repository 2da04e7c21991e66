#include "runtime/cuda/completion_thread.hpp"

#include "runtime/operators.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include <future>

using namespace syngrad;

TEST_CASE("callbacks come when the work is done, in each stream's order") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    test::late_device where(seed);
    auto &left = where.make_stream(), &right = where.make_stream();
    std::vector<int> left_seen, right_seen; // one thread calls back, and the futures hand on what it wrote
    std::promise<void> left_done, right_done;
    cuda::completion_thread thread;
    for (int i = 0; i < 50; ++i) {
      thread.when_passed(left, left.record(), [&, i] {
        left_seen.push_back(i);
        if (i == 49) left_done.set_value();
      });
      thread.when_passed(right, right.record(), [&, i] {
        right_seen.push_back(i);
        if (i == 49) right_done.set_value();
      });
    }
    where.synchronize();
    left_done.get_future().wait();
    right_done.get_future().wait();
    std::vector<int> in_order(50);
    for (int i = 0; i < 50; ++i) in_order[static_cast<std::size_t>(i)] = i;
    REQUIRE(left_seen == in_order);
    REQUIRE(right_seen == in_order);
  }
}

TEST_CASE("a stream that is not done holds no other one back, nor what is posted") {
  test::late_device slow(1), quick(2);
  auto &late = slow.make_stream(), &early = quick.make_stream();
  std::promise<void> late_called, early_called, posted;
  auto late_result = late_called.get_future();
  {
    cuda::completion_thread thread;
    thread.when_passed(late, late.record(), [&] { late_called.set_value(); });
    thread.when_passed(early, early.record(), [&] { early_called.set_value(); });
    thread.post([&] { posted.set_value(); });
    quick.synchronize();
    early_called.get_future().wait();
    posted.get_future().wait();
    REQUIRE(late_result.wait_for(std::chrono::seconds{0}) == std::future_status::timeout);
    slow.synchronize();
    late_result.wait();
  }
}

TEST_CASE("what never passed is dropped at the end, with all that it holds") {
  test::late_device where(1);
  auto& on = where.make_stream();
  const auto held = std::make_shared<int>(0);
  bool called = false;
  {
    cuda::completion_thread thread;
    thread.when_passed(on, on.record(), [held, &called] { called = true; });
    REQUIRE(held.use_count() == 2);
  }
  REQUIRE_FALSE(called);
  REQUIRE(held.use_count() == 1);
}

TEST_CASE("a callback may hand in the next") {
  test::late_device where(1);
  auto& on = where.make_stream();
  cuda::completion_thread thread;
  std::promise<int> reached;
  std::function<void(int)> go_on = [&](int depth) {
    if (depth == 5) return reached.set_value(depth);
    thread.post([&, depth] { go_on(depth + 1); });
  };
  thread.when_passed(on, {}, [&] { go_on(0); });
  REQUIRE(reached.get_future().get() == 5);
}
