#include "runtime/data/batch_order.hpp"

#include "runtime/data/text_source.hpp"
#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace syngrad;

namespace {

// So many rows, of which nothing is read; 7 test rows.
dataset sized(std::int64_t count) {
  dataset data;
  data.train.count = count;
  data.test.count = 7;
  return data;
}

result<sample_order> hold_out(const dataset& data, double fraction, std::uint64_t seed) {
  return order_samples(data, {1, seed, fraction, false});
}

// Every row that an epoch trains on, ascending.
std::vector<std::int64_t> trained_on(sample_order& order) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < order.train.batches_per_epoch(); ++i) {
    const auto batch = order.train.next();
    all.insert(all.end(), batch.begin(), batch.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

// Windows of 4 tokens: 25 to train on, 6 to test, of a text 0, 1, 2, ...
dataset windows() {
  std::vector<std::uint16_t> tokens(130);
  std::iota(tokens.begin(), tokens.end(), std::uint16_t{0});
  const auto whole = token_text::of(std::move(tokens), "text");
  dataset data;
  data.train.text = whole.part(0, 103);
  data.test.text = whole.part(103, 27);
  REQUIRE(cut_windows(data, 4));
  return data;
}

} // namespace

TEST_CASE("held-out rows and the rest are each row exactly once") {
  auto parts = hold_out(sized(1000), 0.1, 4);
  REQUIRE(parts);
  CHECK(parts->validation.size() == 100);
  CHECK(std::is_sorted(parts->validation.begin(), parts->validation.end()));
  CHECK(parts->test == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  auto all = trained_on(*parts);
  all.insert(all.end(), parts->validation.begin(), parts->validation.end());
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == 1000);
  for (std::int64_t row = 0; row < 1000; ++row) CHECK(all[static_cast<std::size_t>(row)] == row);
}

TEST_CASE("held-out rows are spread over the set and follow the seed") {
  const auto parts = hold_out(sized(10'000), 0.25, 4);
  const auto& held = parts->validation;
  const auto low = std::count_if(held.begin(), held.end(), [](auto row) { return row < 5000; });
  CHECK(std::abs(low - 1250) < 120); // 1250 +- 22 expected
  CHECK(hold_out(sized(10'000), 0.25, 4)->validation == held);
  CHECK(hold_out(sized(10'000), 0.25, 5)->validation != held);
}

TEST_CASE("a fraction that leaves a part empty is refused") {
  const auto not_a_number = std::numeric_limits<double>::quiet_NaN();
  for (const auto fraction : {1.0, -0.5, 2.0, not_a_number})
    require_message(hold_out(sized(100), fraction, 1), {"from 0 to below 1"});
  require_message(hold_out(sized(100), 0.001, 1), {"100 training samples", "empty"});
  require_message(hold_out(sized(100), 0.999, 1), {"empty"});
  require_message(hold_out(sized(0), 0.5, 1), {"empty"});
  CHECK(hold_out(sized(2), 0.5, 1));
}

TEST_CASE("the validation part of a text is its end: no window that is trained on reaches into it") {
  const auto data = windows();
  for (const bool continuing : {false, true}) {
    auto parts = order_samples(data, {2, 1, 0.2, continuing});
    REQUIRE(parts);
    auto evaluated = parts->validation;
    if (continuing) // 5 windows: two rows of two
      CHECK(evaluated == std::vector<std::int64_t>{80, 88, 84, 92});
    else
      CHECK(evaluated == std::vector<std::int64_t>{80, 84, 88, 92, 96});
    for (int batch = 0; batch < 1000; ++batch)
      for (const auto first : parts->train.next()) REQUIRE(first + 4 <= 80); // 80 is the last target
  }
}

TEST_CASE("an evaluation walks the test part of a text window by window") {
  auto parts = order_samples(windows(), {4, 1, 0, false});
  REQUIRE(parts);
  CHECK(parts->validation.empty());
  CHECK(parts->test == std::vector<std::int64_t>{0, 4, 8, 12, 16, 20});
  // Continuing in 4 rows of one window each, two are left over; in 8 rows there is no whole batch.
  CHECK(order_samples(windows(), {4, 1, 0, true})->test == std::vector<std::int64_t>{0, 4, 8, 12});
  CHECK(order_samples(windows(), {3, 1, 0, true})->test == std::vector<std::int64_t>{0, 8, 16, 4, 12, 20});
  CHECK(order_samples(windows(), {8, 1, 0, true})->test == std::vector<std::int64_t>{0, 4, 8, 12, 16, 20});
}

TEST_CASE("evaluations on at most so many samples take them evenly spread, the same every time") {
  auto settings = order_settings{1, 9, 0.1, false, 4};
  const auto parts = order_samples(sized(1000), settings);
  CHECK(parts->test == std::vector<std::int64_t>{0, 1, 3, 5}); // i * 7 / 4
  settings.eval_samples = 0;
  const auto all = order_samples(sized(1000), settings);
  REQUIRE(parts->validation.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(parts->validation[i] == all->validation[i * 25]);
  for (const std::int64_t most : {7, 8, 1000}) {
    settings.eval_samples = most;
    CHECK(order_samples(sized(1000), settings)->test == all->test);
  }
}

TEST_CASE("of a text, evaluations on at most so many samples take so many windows") {
  CHECK(order_samples(windows(), {2, 1, 0, false, 3})->test == std::vector<std::int64_t>{0, 8, 16});
  CHECK(order_samples(windows(), {2, 1, 0, true, 5})->test == std::vector<std::int64_t>{0, 12, 4, 16}); // two rows
  CHECK(order_samples(windows(), {3, 1, 0, true, 2})->test == std::vector<std::int64_t>{0, 4}); // less than one batch
  CHECK(order_samples(windows(), {2, 1, 0.2, false, 2})->validation == std::vector<std::int64_t>{80, 88});
}

TEST_CASE("windows to evaluate of which none has a target are refused") {
  auto data = windows();
  data.name = "copy:9";
  data.test.labels.assign(static_cast<std::size_t>(data.test.text.size()), -1);
  data.test.labels[19] = 3; // in the window that begins at 16
  CHECK(order_samples(data, {2, 1, 0, false}));
  CHECK(order_samples(data, {2, 1, 0, true, 5})->test == std::vector<std::int64_t>{0, 12, 4, 16});
  CHECK(order_samples(data, {2, 1, 0, true, 3}).message() ==
        "copy:9: none of the 2 windows of the test part that are evaluated has a target; raise --eval-samples, or "
        "leave it out");
  data.train.labels.assign(static_cast<std::size_t>(data.train.text.size()), -1);
  data.train.labels[0] = 3;
  CHECK(order_samples(data, {2, 1, 0, false}));
  CHECK(order_samples(data, {2, 1, 0.2, false}).message() ==
        "copy:9: none of the 5 windows of the validation part that are evaluated has a target; make that part larger");
}
