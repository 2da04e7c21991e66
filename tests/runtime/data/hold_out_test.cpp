#include "runtime/data/batch_order.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <limits>

using namespace syngrad;

namespace {

sample_set samples(std::int64_t count) {
  sample_set set;
  set.count = count;
  return set;
}

} // namespace

TEST_CASE("held-out rows and the rest are each row exactly once") {
  const auto parts = hold_out(samples(1000), 0.1, 4);
  REQUIRE(parts);
  CHECK(parts->validation.size() == 100);
  auto all = parts->train;
  all.insert(all.end(), parts->validation.begin(), parts->validation.end());
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == 1000);
  for (std::int32_t row = 0; row < 1000; ++row) CHECK(all[static_cast<std::size_t>(row)] == row);
  CHECK(std::is_sorted(parts->train.begin(), parts->train.end()));
}

TEST_CASE("held-out rows are spread over the set and follow the seed") {
  const auto parts = hold_out(samples(10'000), 0.25, 4);
  const auto& held = parts->validation;
  const auto low = std::count_if(held.begin(), held.end(), [](auto row) { return row < 5000; });
  CHECK(std::abs(low - 1250) < 120); // 1250 +- 22 expected
  CHECK(hold_out(samples(10'000), 0.25, 4)->validation == held);
  CHECK(hold_out(samples(10'000), 0.25, 5)->validation != held);
}

TEST_CASE("a fraction that leaves a part empty is refused") {
  const auto not_a_number = std::numeric_limits<double>::quiet_NaN();
  for (const auto fraction : {0.0, 1.0, -0.5, 2.0, not_a_number})
    require_message(hold_out(samples(100), fraction, 1), {"between 0 and 1"});
  require_message(hold_out(samples(100), 0.001, 1), {"100 training samples", "empty"});
  require_message(hold_out(samples(100), 0.999, 1), {"empty"});
  require_message(hold_out(samples(0), 0.5, 1), {"empty"});
  CHECK(hold_out(samples(2), 0.5, 1));
}
