// Which rows of a table are its test set, where it has none of its own: a share of them, drawn by the seed. Any thread.
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr double usual_test_fraction_of_rows = 0.2;

struct row_split {
  std::vector<std::int32_t> rows; // each row once, in a random order
  std::size_t test_rows = 0;

  std::span<const std::int32_t> test() const { return std::span(rows).first(test_rows); }
  std::span<const std::int32_t> train() const { return std::span(rows).subspan(test_rows); }
};

// Fails where a part would be empty. `where` names the table in messages.
result<row_split> split_rows(const std::string& where, std::size_t rows, double test_fraction, std::uint64_t seed);

} // namespace syngrad
