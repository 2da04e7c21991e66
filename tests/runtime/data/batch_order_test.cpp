#include "runtime/data/batch_order.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <numeric>

using namespace syngrad;

namespace {

std::vector<std::int32_t> rows(int count, int first = 0) {
  std::vector<std::int32_t> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), first);
  return made;
}

std::vector<std::int64_t> copy(std::span<const std::int64_t> batch) {
  return {batch.begin(), batch.end()};
}

} // namespace

TEST_CASE("an epoch visits each row at most once and drops the remainder") {
  auto order = batch_order::make(rows(103, 1000), 10, 7);
  REQUIRE(order);
  CHECK(order->batches_per_epoch() == 10);
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::int64_t> seen;
    for (int batch = 0; batch < 10; ++batch) {
      const auto drawn = order->next();
      REQUIRE(drawn.size() == 10);
      seen.insert(seen.end(), drawn.begin(), drawn.end());
    }
    std::sort(seen.begin(), seen.end());
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    CHECK(seen.front() >= 1000);
    CHECK(seen.back() < 1103);
    CHECK(order->where() == batch_order::position{static_cast<std::uint64_t>(epoch), 10});
  }
}

TEST_CASE("over many epochs every row is visited equally often on average") {
  auto order = batch_order::make(rows(11), 5, 3);
  REQUIRE(order);
  std::vector<int> visits(11);
  for (int batch = 0; batch < 2 * 2200; ++batch)
    for (const auto row : order->next()) ++visits[static_cast<std::size_t>(row)];
  for (const auto count : visits) CHECK(std::abs(count - 2000) < 100); // 2000 +- 13.5 expected
}

TEST_CASE("epochs and seeds have different orders, equal seeds the same") {
  auto first = batch_order::make(rows(64), 64, 1), again = batch_order::make(rows(64), 64, 1);
  auto other = batch_order::make(rows(64), 64, 2);
  const auto epoch0 = copy(first->next());
  CHECK(epoch0 == copy(again->next()));
  CHECK(epoch0 != copy(other->next()));
  const auto epoch1 = copy(first->next());
  CHECK(epoch1 == copy(again->next()));
  CHECK(epoch0 != epoch1);
}

TEST_CASE("an order resumed at any stored position continues exactly") {
  constexpr int total = 17;
  auto reference = batch_order::make(rows(50), 8, 5);
  std::vector<std::vector<std::int64_t>> batches;
  std::vector<batch_order::position> positions{reference->where()};
  for (int batch = 0; batch < total; ++batch) {
    batches.push_back(copy(reference->next()));
    positions.push_back(reference->where());
  }
  for (std::size_t from = 0; from < total; ++from) {
    auto resumed = batch_order::make(rows(50), 8, 5);
    REQUIRE(resumed->resume(positions[from]));
    for (auto batch = from; batch < total; ++batch) REQUIRE(copy(resumed->next()) == batches[batch]);
  }
}

TEST_CASE("a position that the order cannot have is refused") {
  auto order = batch_order::make(rows(50), 8, 5);
  require_message(order->resume({0, 7}), {"batch 7", "epoch of 6"});
  require_message(order->resume({0, -1}), {"batch -1"});
  CHECK(order->where() == batch_order::position{});
}

TEST_CASE("a batch larger than the data or not positive is refused") {
  require_message(batch_order::make(rows(255), 256, 1), {"256", "255", "smaller batch"});
  require_message(batch_order::make({}, 1, 1), {"only 0"});
  require_message(batch_order::make(rows(255), 0, 1), {"at least 1"});
  CHECK(batch_order::make(rows(256), 256, 1));
}

TEST_CASE("a batch that is cut comes in parts, the same samples in the same order, the larger ones first") {
  auto whole = batch_order::make(rows(64), 20, 5), cut = batch_order::make(rows(64), 20, 5);
  for (const std::int64_t parts : {1, 3, 7, 20}) {
    CAPTURE(parts);
    cut->cut_batches(parts);
    CHECK(cut->largest_part() == (20 + parts - 1) / parts);
    for (int batch = 0; batch < 5; ++batch) {
      const auto expected = whole->next();
      std::vector<std::int64_t> all;
      for (std::int64_t part = 0; part < parts; ++part) {
        const auto samples = cut->next();
        CHECK(static_cast<std::int64_t>(samples.size()) == 20 / parts + (part < 20 % parts ? 1 : 0));
        all.insert(all.end(), samples.begin(), samples.end());
      }
      CHECK(all == std::vector<std::int64_t>(expected.begin(), expected.end()));
    }
  }
}

TEST_CASE("batches lie in the same memory in every epoch") {
  auto order = batch_order::make(rows(20), 10, 1);
  const auto* first = order->next().data();
  for (int batch = 1; batch < 10; ++batch) CHECK(order->next().data() == first);
}

TEST_CASE("random windows begin everywhere equally often, and lie within the text with the token behind them") {
  constexpr std::int64_t tokens = 20, window = 4; // a window begins at 0..15
  auto order = batch_order::random_windows(tokens, window, 2, 3);
  REQUIRE(order);
  CHECK(order->batches_per_epoch() == 2); // 0, 4, 8 and 12 lie beside each other
  std::vector<int> begins(16);
  for (int batch = 0; batch < 8000; ++batch)
    for (const auto first : order->next()) {
      REQUIRE(first >= 0);
      REQUIRE(first + window < tokens);
      ++begins[static_cast<std::size_t>(first)];
    }
  for (const auto count : begins) CHECK(std::abs(count - 1000) < 150); // 1000 +- 30.6 expected
}

TEST_CASE("random windows are a function of seed and position") {
  constexpr std::int64_t tokens = std::int64_t{1} << 40; // no part of it is stored
  const auto made = [&](std::uint64_t seed) { return batch_order::random_windows(tokens, 1024, 8, seed); };
  auto reference = made(5), other = made(6);
  std::vector<std::vector<std::int64_t>> batches;
  for (int batch = 0; batch < 9; ++batch) batches.push_back(copy(reference->next()));
  CHECK(std::adjacent_find(batches.begin(), batches.end()) == batches.end());
  CHECK(*std::max_element(batches[0].begin(), batches[0].end()) > std::int64_t{1} << 33);
  CHECK(copy(other->next()) != batches[0]);
  for (std::int64_t from = 0; from < 9; ++from) {
    auto resumed = made(5);
    REQUIRE(resumed->resume({0, from}));
    REQUIRE(copy(resumed->next()) == batches[static_cast<std::size_t>(from)]);
  }
}

TEST_CASE("row r of a batch of continuing windows reads on where row r of the batch before ended") {
  constexpr std::int64_t window = 3;
  auto order = batch_order::continuing_windows(32, window, 2); // 31 tokens have a next one: 10 windows, 5 a row
  REQUIRE(order);
  CHECK(order->batches_per_epoch() == 5);
  for (int epoch = 0; epoch < 2; ++epoch)
    for (std::int64_t batch = 0; batch < 5; ++batch)
      CHECK(copy(order->next()) == std::vector<std::int64_t>{batch * window, (5 + batch) * window});
  require_message(batch_order::continuing_windows(32, window, 11), {"11 samples a batch", "only 10"});
}
