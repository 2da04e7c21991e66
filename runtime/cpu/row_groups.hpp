// Walks the rows of a matrix a few at a time, so that what belongs to a column (sums, factors) is loaded once for them
// all. Reading whole rows in order suits the prefetcher; the order of all sums is fixed.
#pragma once

#include <cstdint>
#include <type_traits>

namespace syngrad::cpu {

// Calls kernel(constant<4>, first_row) for each four rows, then kernel(constant<1>, row) for the rest.
template <class Kernel>
void for_row_groups(std::int64_t rows, Kernel kernel) {
  std::int64_t row = 0;
  for (; row + 4 <= rows; row += 4) kernel(std::integral_constant<int, 4>{}, row);
  for (; row < rows; ++row) kernel(std::integral_constant<int, 1>{}, row);
}

} // namespace syngrad::cpu
