#include "runtime/data/read_ahead.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <atomic>
#include <numeric>
#include <semaphore>

using namespace syngrad;

namespace {

// Images of 4 x 4 bytes that differ.
dataset images(std::int64_t count) {
  dataset data;
  data.input = {{4, 4, 1}};
  data.target = label_spec(10);
  data.train.count = count;
  for (std::int64_t i = 0; i < count; ++i) {
    for (int pixel = 0; pixel < 16; ++pixel)
      data.train.bytes.push_back(static_cast<std::uint8_t>((i * 31 + pixel * 7) % 251));
    data.train.labels.push_back(static_cast<std::int32_t>(i % 10));
  }
  return data;
}

batch_order order_of(std::int64_t rows, std::int64_t batch_size) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  return std::move(*batch_order::make(std::move(all), batch_size, 3));
}

class reader {
public:
  reader(batch_order order, host_batch_maker maker)
    : ahead_(std::move(order), maker, [this] {
        ++calls_;
        ready_.release();
      }) {}

  // Waits until it is there.
  const host_batch& next() {
    for (;;) {
      if (const auto* made = ahead_.next()) return *made;
      ++waits_;
      ready_.acquire();
    }
  }
  read_ahead& ahead() { return ahead_; }
  int calls() const { return calls_; }
  int waits() const { return waits_; }

private:
  std::counting_semaphore<> ready_{0};
  std::atomic<int> calls_{0};
  int waits_ = 0;
  read_ahead ahead_; // last: it calls back
};

} // namespace

TEST_CASE("batches that are read ahead are those that are made when asked for, augmentation included") {
  const auto data = images(50);
  host_batch_maker maker(data.train, data, {1, true}, 5);
  auto order = order_of(50, 8);
  reader ahead(order_of(50, 8), maker);
  host_batch expected;
  for (std::uint64_t number = 0; number < 200; ++number) {
    maker.make(order.next(), number, expected);
    const auto& made = ahead.next();
    REQUIRE(made.inputs == expected.inputs);
    REQUIRE(made.targets == expected.targets);
    REQUIRE(made.samples == 8);
    REQUIRE(made.terms == 8);
  }
  CHECK(ahead.calls() == ahead.waits()); // once for each time that there was none
}

TEST_CASE("a batch stays what it is until the next is asked for") {
  const auto data = images(50);
  host_batch_maker maker(data.train, data);
  reader ahead(order_of(50, 10), maker);
  auto order = order_of(50, 10);
  for (int i = 0; i < 3; ++i) ahead.next(), order.next();
  const auto& held = ahead.next();
  host_batch expected;
  maker.make(order.next(), 3, expected);
  reader other(order_of(50, 10), maker); // reads as many as there is room for
  for (int i = 0; i < 20; ++i) other.next();
  CHECK(held.inputs == expected.inputs);
}

TEST_CASE("who ends before all is read does not wait") {
  const auto data = images(20);
  for (int i = 0; i < 200; ++i) {
    reader ahead(order_of(20, 4), host_batch_maker(data.train, data));
    if (i % 2) ahead.next();
  }
  SUCCEED();
}

TEST_CASE("what cannot be read is said where it is asked for, after the batches before it") {
  dataset data;
  data.input = data.target = {{2}, dtype::i32, 50};
  data.train.text = token_text::of({0, 1, 2, 3, 4, 5, 6, 77, 8}, "file");
  data.train.window = 2;
  data.train.count = 4;
  reader ahead(std::move(*batch_order::continuing_windows(9, 2, 1)), host_batch_maker(data.train, data));
  for (int i = 0; i < 3; ++i) CHECK(ahead.next().samples == 1);
  for (int again = 0; again < 2; ++again)
    CHECK_THROWS_WITH(ahead.next(), Catch::Matchers::StartsWith("file: token 7 is 77"));
}
