// What only a GPU shows: order between streams that really run at once, memory, and the two ways of calling back.
#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/runtime/cuda/gpu_under_test.hpp"
#include "tests/support/catch.hpp"

#include <cstring>
#include <future>
#include <vector>

using namespace syngrad;

namespace {

constexpr std::int64_t product_width = 512;

tensor uploaded(stream& on, const std::vector<float>& values, shape extents) {
  auto out = make_tensor(on, extents);
  on.ops().upload(on, values.data(), out);
  return out;
}

std::vector<float> normal(random_source& random, std::int64_t count) {
  std::vector<float> out(static_cast<std::size_t>(count));
  for (auto& each : out) each = static_cast<float>(random.normal());
  return out;
}

std::vector<float> downloaded(stream& on, const tensor& values) {
  auto seen = make_host_visible_tensor(on, values.extents());
  on.ops().copy(on, values, seen);
  on.owner().synchronize();
  return {seen.f32(), seen.f32() + seen.elements()};
}

// A chain of work long enough that a copy without waiting would overtake it.
void grow(stream& on, const tensor& factor, tensor& value, tensor& other) {
  for (int i = 0; i < 20; ++i) {
    on.ops().matmul(on, {value, transpose::no, factor, transpose::no, other});
    on.ops().matmul(on, {other, transpose::no, factor, transpose::no, value});
  }
}

std::vector<float> identity() {
  std::vector<float> out(product_width * product_width);
  for (std::int64_t i = 0; i < product_width; ++i) out[static_cast<std::size_t>(i * product_width + i)] = 1;
  return out;
}

} // namespace

TEST_CASE("a stream that waits for an event reads what was written before it") {
  const auto where = make_gpu_or_skip({});
  auto &writer = where->make_stream(stream_priority::low), &reader = where->make_stream(stream_priority::high);
  random_source random(1, 1);
  const auto values = normal(random, product_width * product_width);
  const auto factor = uploaded(writer, identity(), {product_width, product_width});
  auto value = uploaded(writer, values, {product_width, product_width}),
       other = make_tensor(writer, {product_width, product_width});
  for (int round = 0; round < 20; ++round) {
    grow(writer, factor, value, other);
    where->ops().scale(writer, value, -1);
    value.ready_after(writer.record());
    auto seen = make_host_visible_tensor(reader, {product_width, product_width});
    where->ops().copy(reader, value.read_on(reader), seen);
    std::promise<void> done;
    reader.on_complete([&] { done.set_value(); });
    done.get_future().wait();
    REQUIRE_NOTHROW(reader.raise_failure());
    const auto sign = round % 2 == 0 ? -1.0f : 1.0f;
    REQUIRE(seen.f32()[0] == sign * values[0]);
    REQUIRE(seen.f32()[product_width * product_width - 1] == sign * values.back());
    writer.wait(reader.record()); // before it writes again
  }
}

TEST_CASE("both ways of telling that work is done call back after it, in order") {
  const auto how = GENERATE(cuda_completion::polling, cuda_completion::host_function);
  const auto where = make_gpu_or_skip({.completion = how});
  auto& on = where->make_stream();
  auto number = make_host_visible_tensor(on, {1});
  auto device_number = make_tensor(on, {1});
  constexpr int rounds = 200;
  std::vector<float> seen;
  std::promise<void> done;
  std::vector<tensor> numbers;
  for (int i = 0; i < rounds; ++i) {
    where->ops().fill(on, device_number, static_cast<float>(i));
    numbers.push_back(make_host_visible_tensor(on, {1}));
    where->ops().copy(on, device_number, numbers.back());
    on.on_complete([&seen, &done, each = numbers.back()] {
      seen.push_back(each.f32()[0]);
      if (seen.size() == rounds) done.set_value();
    });
  }
  done.get_future().wait();
  for (int i = 0; i < rounds; ++i) REQUIRE(seen[static_cast<std::size_t>(i)] == static_cast<float>(i));
}

TEST_CASE("once warm nothing is allocated, uploads and products among it") {
  const auto where = make_gpu_or_skip({.precision = cuda_precision::bf16});
  auto& on = where->make_stream();
  random_source random(2, 1);
  const auto values = normal(random, product_width * product_width);
  const auto round = [&] {
    const auto a = uploaded(on, values, {product_width, product_width});
    auto c = make_tensor(on, {product_width, product_width}), sums = make_host_visible_tensor(on, {3});
    where->ops().matmul(on, {a, transpose::yes, a, transpose::no, c});
    where->ops().agreement(on, a, c, sums);
  };
  round();
  where->synchronize();
  const auto before = where->memory().counters().allocations,
             pinned = where->host_visible_memory().counters().allocations;
  for (int i = 0; i < 50; ++i) round();
  where->synchronize();
  REQUIRE(where->memory().counters().allocations == before);
  REQUIRE(where->host_visible_memory().counters().allocations == pinned);
}

TEST_CASE("the same work gives the same bits on two streams, one beside the other") {
  const auto where = make_gpu_or_skip({});
  random_source random(3, 1);
  const auto values = normal(random, product_width * product_width);
  const auto work = [&](stream& on) {
    const auto a = uploaded(on, values, {product_width, product_width});
    auto c = make_tensor(on, {product_width, product_width}), sums = make_tensor(on, {3}),
         columns = make_tensor(on, {product_width});
    where->ops().matmul(on, {a, transpose::yes, a, transpose::no, c});
    where->ops().sum_rows(on, c, 0, columns);
    where->ops().agreement(on, a, c, sums);
    return std::vector<tensor>{c, columns, sums};
  };
  auto &left = where->make_stream(), &right = where->make_stream();
  const auto first = work(left), second = work(right);
  where->synchronize();
  for (std::size_t i = 0; i < first.size(); ++i) REQUIRE(downloaded(left, first[i]) == downloaded(right, second[i]));
}

TEST_CASE("a tensor in host memory arrives on the GPU, and what it held may change at once") {
  const auto where = make_gpu_or_skip({});
  auto& on = where->make_stream();
  std::vector<float> values(5'000'000, 3); // more than one pinned piece
  auto out = make_tensor(on, {5'000'000});
  where->ops().upload(on, values.data(), out);
  std::fill(values.begin(), values.end(), -1.0f);
  const auto seen = downloaded(on, out);
  REQUIRE(seen.front() == 3);
  REQUIRE(seen.back() == 3);
  REQUIRE(std::count(seen.begin(), seen.end(), 3.0f) == 5'000'000);
}

TEST_CASE("too much memory is refused with what was asked and what is free") {
  const auto where = make_gpu_or_skip({});
  auto& on = where->make_stream();
  std::string said;
  try {
    make_tensor(on, {std::int64_t{1} << 42});
  } catch (const std::bad_alloc& failure) {
    said = failure.what();
  }
  REQUIRE(said.find("cuda:0: too little memory: 16.0 TiB asked for, ") == 0);
  REQUIRE_NOTHROW(make_tensor(on, {1024}));
}
