// Walks the rows of a matrix a few at a time, so that what belongs to a column (sums, factors) is loaded once for them
// all. Reading whole rows in order suits the prefetcher; the order of all sums is fixed.
#pragma once

#include <cstdint>
#include <type_traits>

namespace syngrad::cpu {

// Calls kernel(constant<Group>, first_row) for each `Group` rows, then kernel(constant<1>, row) for the rest.
// A first-level cache has 8 to 12 ways: where a row is a multiple of 4 KiB, Group times the number of matrices read
// must stay below that.
template <int Group, class Kernel>
void for_row_groups(std::int64_t rows, Kernel kernel) {
  std::int64_t row = 0;
  for (; row + Group <= rows; row += Group) kernel(std::integral_constant<int, Group>{}, row);
  if constexpr (Group > 1)
    for (; row < rows; ++row) kernel(std::integral_constant<int, 1>{}, row);
}

} // namespace syngrad::cpu
