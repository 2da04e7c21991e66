// A matrix of doubles on the host: what tests make, compute references from, and compare.
#pragma once

#include "tests/support/tolerances.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace syngrad::reference {

struct matrix {
  matrix() = default;
  matrix(std::int64_t its_rows, std::int64_t its_columns, double value = 0)
    : rows(its_rows), columns(its_columns), at(static_cast<std::size_t>(its_rows * its_columns), value) {}

  double& operator()(std::int64_t r, std::int64_t c) { return at[static_cast<std::size_t>(r * columns + c)]; }
  double operator()(std::int64_t r, std::int64_t c) const { return at[static_cast<std::size_t>(r * columns + c)]; }

  friend bool operator==(const matrix&, const matrix&) = default;

  std::int64_t rows = 0, columns = 0;
  std::vector<double> at;
};

// The largest error, as a multiple of what is tolerated: at most 1 where `got` passes. A NaN equals a NaN only.
inline double worst_error(const matrix& got, const matrix& expected, tolerances::tolerance allowed) {
  if (got.rows != expected.rows || got.columns != expected.columns) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < got.at.size(); ++i) {
    const auto wanted = expected.at[i], found = got.at[i];
    if (found == wanted || (std::isnan(found) && std::isnan(wanted))) continue;
    const auto error = std::abs(found - wanted) / (allowed.absolute + allowed.relative * std::abs(wanted));
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

} // namespace syngrad::reference
