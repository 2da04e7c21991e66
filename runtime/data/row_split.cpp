#include "runtime/data/row_split.hpp"

#include "runtime/data/batch_order.hpp"

#include <cmath>

namespace syngrad {

namespace {

constexpr std::uint64_t test_rows_purpose = 0x637376; // keeps this permutation apart from the others of the same seed

} // namespace

result<row_split> split_rows(const std::string& where, std::size_t rows, double test_fraction, std::uint64_t seed) {
  if (!(test_fraction > 0 && test_fraction < 1))
    return error::setting("--test-fraction: a number between 0 and 1 is expected, not " +
                          std::to_string(test_fraction));
  const auto test_rows = static_cast<std::size_t>(std::llround(test_fraction * static_cast<double>(rows)));
  if (test_rows == 0 || test_rows >= rows)
    return error::setting(where + ": with --test-fraction " + std::to_string(test_fraction) + ", " +
                          std::to_string(rows) +
                          " rows leave the test or the training set empty; choose another fraction");
  random_source random(seed ^ test_rows_purpose, 0);
  return row_split{shuffled_indices(rows, random), test_rows};
}

} // namespace syngrad
