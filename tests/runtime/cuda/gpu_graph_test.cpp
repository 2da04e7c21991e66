// CUDA graphs and times of work, on a GPU.
#include "runtime/operators.hpp"
#include "runtime/replay_cache.hpp"
#include "runtime/stream.hpp"
#include "tests/runtime/cuda/gpu_under_test.hpp"
#include "tests/support/catch.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

using namespace syngrad;

namespace {

constexpr std::int64_t graph_width = 256;
constexpr replay_cache::name name{1};

tensor constant(stream& on, float value) {
  const std::vector<float> values(graph_width * graph_width, value);
  auto out = make_tensor(on, {graph_width, graph_width});
  on.ops().upload(on, values.data(), out);
  return out;
}

// y = x x + x, through memory of its own; a fused product among it.
tensor worked(stream& on, const tensor& x) {
  auto product = make_tensor(on, x.extents()), y = make_tensor(on, x.extents());
  on.ops().matmul(on, {x, transpose::no, x, transpose::no, product});
  on.ops().copy(on, x, y);
  on.ops().add(on, product, 1, y);
  return y;
}

void wait_for(stream& on) {
  std::promise<void> done;
  on.on_complete([&] { done.set_value(); });
  done.get_future().wait();
  on.raise_failure();
}

std::int64_t host_now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace

TEST_CASE(
  "a graph does what its operators do, with what the memory holds by then, and another stream reads the result") {
  const auto where = make_gpu_or_skip({});
  auto &on = where->make_stream(), &reader = where->make_stream();
  replay_cache cache;
  auto x = make_tensor(on, {graph_width, graph_width});
  std::vector<tensor> seen;
  for (int i = 0; i < 20; ++i) {
    on.ops().fill(on, x, static_cast<float>(i));
    tensor y;
    tensor* const output = &y;
    const auto work = [&] { y = worked(on, x); };
    cache.run(on, name, {&x}, {&output, 1}, work);
    y.ready_after(on.record());
    seen.push_back(make_host_visible_tensor(reader, {graph_width, graph_width}));
    reader.ops().copy(reader, y.read_on(reader), seen.back());
  }
  where->synchronize();
  for (int i = 0; i < 20; ++i)
    REQUIRE(seen[static_cast<std::size_t>(i)].f32()[graph_width * graph_width - 1] ==
            static_cast<float>(graph_width * i * i + i));
  REQUIRE(cache.count().recordings == 1);
  REQUIRE(cache.count().replays == 18);
}

TEST_CASE("events that other threads record meanwhile neither spoil a capture nor become part of it") {
  const auto where = make_gpu_or_skip({});
  auto& on = where->make_stream();
  const auto x = constant(on, 1);
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
      const auto point = on.record();
      static_cast<void>(point.ready());
    }
  });
  std::vector<std::unique_ptr<recorded_work>> recorded;
  std::vector<tensor> kept;
  worked(on, x); // plans and workspace are made
  for (int i = 0; i < 50; ++i) {
    kept.push_back(make_tensor(on, x.extents()));
    auto& y = kept.back();
    recorded.push_back(where->record_work(on, [&] { on.ops().add(on, x, 1, y); }));
    on.ops().fill(on, y, 1);
    recorded.back()->replay(on);
  }
  stop = true;
  other.join();
  auto seen = make_host_visible_tensor(on, x.extents());
  on.ops().copy(on, kept.back(), seen);
  wait_for(on);
  REQUIRE(seen.f32()[0] == 2);
}

TEST_CASE("a recorded step reads the numbers that were uploaded for it") {
  const auto where = make_gpu_or_skip({});
  auto& on = where->make_stream();
  auto value = constant(on, 1), first = constant(on, 0), second = constant(on, 0);
  auto plain = constant(on, 1), plain_first = constant(on, 0), plain_second = constant(on, 0);
  const auto gradient = constant(on, 2);
  auto numbers = make_tensor(on, {sizeof(step_numbers)}, dtype::u8);
  replay_cache cache;
  const auto work = [&] {
    on.ops().adam_step(on, {value, gradient, 0, 0, 0.5f, nullptr, nullptr, &numbers}, first, second, 0.9f, 0.99f, 1e-8f,
                       0, true);
  };
  for (std::int64_t step = 1; step <= 6; ++step) {
    step_numbers now;
    now.scale = 0.25f;
    now.learning_rate = 0.1f / static_cast<float>(step);
    set_adam_numbers(now, 0.5f, 0.9f, 0.99f, step, true);
    on.ops().upload(on, &now, numbers);
    cache.run(on, name, {&gradient}, {}, work);
    on.ops().adam_step(on, {plain, gradient, now.scale, now.learning_rate, 0.5f, nullptr, nullptr}, plain_first,
                       plain_second, 0.9f, 0.99f, 1e-8f, step, true);
  }
  auto seen = make_host_visible_tensor(on, {2, graph_width, graph_width});
  auto left = seen.view(0, {graph_width, graph_width}),
       right = seen.view(graph_width * graph_width, {graph_width, graph_width});
  on.ops().copy(on, value, left);
  on.ops().copy(on, plain, right);
  wait_for(on);
  REQUIRE(cache.count().replays == 4);
  REQUIRE(left.f32()[graph_width] != 1);
  REQUIRE(left.f32()[graph_width] == right.f32()[graph_width]);
}

TEST_CASE("what cannot be recorded is told, and the stream works on") {
  const auto where = make_gpu_or_skip({});
  auto& on = where->make_stream();
  const auto x = constant(on, 1);
  REQUIRE_THROWS_AS(where->record_work(on, [&] { throw device_failure("within"); }), device_failure);
  auto seen = make_host_visible_tensor(on, x.extents());
  on.ops().copy(on, x, seen);
  wait_for(on);
  REQUIRE(seen.f32()[7] == 1);
}

TEST_CASE("the time of a mark lies between the host's times before and after it, within its uncertainty") {
  const auto where = make_gpu_or_skip({});
  auto& on = where->make_stream();
  auto x = constant(on, 1);
  on.mark_time(); // begins the first anchor
  wait_for(on);
  for (int i = 0; i < 50; ++i) {
    const auto before = host_now_ns();
    const auto start = on.mark_time();
    for (int k = 0; k < 20; ++k) x = worked(on, x);
    const auto end = on.mark_time();
    wait_for(on);
    const auto after = host_now_ns();
    while (!end->ready()) std::this_thread::yield(); // for the first anchor
    const auto from = start->time(), to = end->time();
    REQUIRE(from.has_value());
    REQUIRE(to.has_value());
    REQUIRE(from->uncertainty_ns < 1'000'000);
    REQUIRE(from->host_ns >= before - from->uncertainty_ns);
    REQUIRE(to->host_ns > from->host_ns);
    REQUIRE(to->host_ns <= after + to->uncertainty_ns);
  }
}
