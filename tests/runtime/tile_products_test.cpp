#include "runtime/cpu/tile_products.hpp"

#include "runtime/random.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <vector>

using namespace syngrad;
using namespace syngrad::cpu;

namespace {

std::vector<float> drawn_values(std::int64_t count, random_source& random) {
  std::vector<float> out(static_cast<std::size_t>(count));
  for (auto& each : out) each = static_cast<float>(random.normal());
  return out;
}

// Whether element (row, k) of the left factor, or that column of the result, is within the triangle.
bool is_within(const tile_product& of, std::int64_t row, std::int64_t k) {
  return of.only == triangle::above ? k >= row - of.diagonal : k <= of.diagonal + row;
}

// Element by element: what is beyond the triangle counts as zero, or is NaN where it is not wanted.
double plain(const tile_product& of, std::int64_t row, std::int64_t column) {
  double sum = 0;
  for (std::int64_t k = 0; k < of.depth; ++k) {
    const bool counts = of.only == triangle::none || of.only == triangle::columns || is_within(of, row, k);
    if (counts) sum += double{of.a[row * of.a_row + k * of.a_column]} * double{of.b[k * of.b_row + column]};
  }
  return of.alpha * sum;
}

} // namespace

TEST_CASE("products by tiles are those of plain loops, whatever the rows, and with a triangle left out") {
  random_source random(5, 0);
  for (int draw = 0; draw < 200; ++draw) {
    const auto only = static_cast<triangle>(random.below(4));
    const bool turned = random.below(2) == 1, adds = random.below(2) == 1;
    const std::int64_t rows = 1 + random.below(21), depth = 1 + random.below(40), columns = 16 * (1 + random.below(5));
    const auto a_stride = (turned ? rows : depth) + random.below(5), stride = columns + random.below(9);
    auto a = drawn_values((rows + depth) * a_stride, random), b = drawn_values(depth * stride, random);
    const auto before = drawn_values(rows * stride, random);
    auto c = before;
    tile_product of{.rows = rows,
                    .columns = columns,
                    .depth = depth,
                    .a = a.data(),
                    .a_row = turned ? 1 : a_stride,
                    .a_column = turned ? a_stride : 1,
                    .b = b.data(),
                    .b_row = stride,
                    .c = c.data(),
                    .c_row = stride,
                    .alpha = 0.7f,
                    .adds = adds,
                    .only = only,
                    .diagonal = random.below(20)};
    // What is beyond the triangle is zero there: so it may be left out, or not.
    if (only == triangle::depth || only == triangle::above)
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t k = 0; k < depth; ++k)
          if (!is_within(of, row, k)) a[static_cast<std::size_t>(row * of.a_row + k * of.a_column)] = 0;
    multiply_tiles(of);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < stride; ++column) {
        const auto at = static_cast<std::size_t>(row * stride + column);
        if (column >= columns) {
          REQUIRE(c[at] == before[at]);
        } else if (only != triangle::columns || is_within(of, row, column)) {
          const auto expected = plain(of, row, column) + (adds ? double{before[at]} : 0);
          REQUIRE(c[at] == Approx(expected).margin(2e-5));
        }
      }
  }
}

TEST_CASE("where a triangle is left out, what is beyond it is not read") {
  constexpr std::int64_t size = 48;
  const std::vector<float> ones(size * size, 1);
  std::vector<float> a(size * size, 1), c(size * size);
  for (std::int64_t row = 0; row < size; ++row) // whole tiles beyond the diagonal
    for (std::int64_t k = row / tile_rows * tile_rows + tile_rows; k < size; ++k)
      a[static_cast<std::size_t>(row * size + k)] = std::numeric_limits<float>::quiet_NaN();
  multiply_tiles({.rows = size,
                  .columns = size,
                  .depth = size,
                  .a = a.data(),
                  .a_row = size,
                  .a_column = 1,
                  .b = ones.data(),
                  .b_row = size,
                  .c = c.data(),
                  .c_row = size,
                  .only = triangle::depth});
  for (std::int64_t row = 0; row < size; ++row)
    REQUIRE(c[static_cast<std::size_t>(row * size)] == static_cast<float>(row / tile_rows * tile_rows + tile_rows));
}
