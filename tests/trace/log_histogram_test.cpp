// Histograms of durations, and the table of messages under way.
#include "tests/support/catch.hpp"

#include "runtime/random.hpp"
#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/analysis/message_table.hpp"

#include <algorithm>
#include <map>

using namespace syngrad;
using namespace syngrad::tools;

TEST_CASE("quantiles of a histogram are within 1 % of the sorted values, mean and largest exact") {
  log_histogram histogram;
  std::vector<std::int64_t> values;
  random_source random(1, 1);
  double sum = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(random.below(1u << (4 + i % 28)));
    values.push_back(value);
    histogram.add(value);
    sum += static_cast<double>(value);
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(values[static_cast<std::size_t>(std::ceil(q * 20'000)) - 1]);
    CHECK(histogram.quantile(q) == Approx(exact).epsilon(0.01));
  }
  CHECK(histogram.count() == 20'000);
  CHECK(histogram.mean() == Approx(sum / 20'000));
  CHECK(histogram.largest() == values.back());
  CHECK(histogram.quantile(1) == static_cast<double>(values.back()));
}

TEST_CASE("small whole numbers keep their value, nothing has none, and negative ones count as 0") {
  log_histogram histogram;
  CHECK(histogram.quantile(0.5) == 0);
  CHECK(histogram.mean() == 0);
  for (const int value : {1, 2, 3, 100, 127}) histogram.add(value);
  CHECK(histogram.quantile(0) == 1);
  CHECK(histogram.quantile(0.2) == 1);
  CHECK(histogram.quantile(0.4) == 2);
  CHECK(histogram.quantile(0.5) == 3);
  CHECK(histogram.quantile(0.8) == 100);
  CHECK(histogram.quantile(0.81) == 127);
  histogram.add(-5);
  CHECK(histogram.quantile(0.1) == 0);
  CHECK(histogram.bins().front().count == 1);
}

TEST_CASE("joined bins are half powers of two that hold every value once") {
  log_histogram first, second;
  for (const int value : {4, 5, 6, 7, 7}) first.add(value);
  second.add(1024);
  second.add(1535);
  second.add(1536);
  first.add(second);
  const auto bins = first.bins();
  std::int64_t sum = 0;
  for (const auto& bin : bins) {
    sum += bin.count;
    if (bin.from == 4) CHECK((bin.to == 6 && bin.count == 2));
    if (bin.from == 6) CHECK((bin.to == 8 && bin.count == 3));
    if (bin.from == 1024) CHECK((bin.to == 1536 && bin.count == 2));
    if (bin.from == 1536) CHECK((bin.to == 2048 && bin.count == 1));
  }
  CHECK(sum == 8);
  CHECK(bins.front().from == 4);
  CHECK(bins.back().to == 2048);
  for (std::size_t i = 1; i < bins.size(); ++i) CHECK(bins[i].from == bins[i - 1].to);
}

TEST_CASE("the table of messages agrees with a map through growth and erasures") {
  message_table<int> table;
  std::map<std::uint64_t, int> expected;
  random_source random(2, 2);
  for (int i = 0; i < 200'000; ++i) {
    const auto id = std::uint64_t{random.below(3)} << 40 | (1 + random.below(3000));
    if (random.below(2) == 0) {
      table.insert(id, i);
      expected[id] = i;
    } else {
      table.erase(id);
      expected.erase(id);
    }
    const auto other = std::uint64_t{random.below(3)} << 40 | (1 + random.below(3000));
    const auto* found = table.find(other);
    const auto known = expected.find(other);
    REQUIRE((found ? *found : -1) == (known == expected.end() ? -1 : known->second));
  }
  REQUIRE(table.size() == expected.size());
  std::size_t visited = 0;
  table.for_each([&](std::uint64_t id, int value) { visited += expected.at(id) == value; });
  CHECK(visited == expected.size());
  CHECK(table.find(0) == nullptr);
}
