// Products of small matrices that lie in cache, such as those of one attention head, where what a library spends before
// a product begins is as much as the product itself, and of which a triangle may be left out.
//
// The columns of the right factor and of the result come in whole vectors. A tile of the result stays in registers
// while the depth is summed up, in its order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace syngrad::cpu {

#if defined(__AVX512F__)
inline constexpr std::int64_t tile_lanes = 16, tile_rows = 8;
#elif defined(__AVX__)
inline constexpr std::int64_t tile_lanes = 8, tile_rows = 4;
#else
inline constexpr std::int64_t tile_lanes = 4, tile_rows = 4;
#endif
inline constexpr std::int64_t tile_vectors = 3; // of each of its rows

// What of a product is known to be zero, or not wanted, where queries come first, and query i sees keys up to diagonal
// + i. A few rows are taken together, so that some of it may be computed all the same.
enum class triangle : std::uint8_t {
  none,
  columns, // of row i only the columns up to diagonal + i are wanted
  depth,   // of row i of a only the columns up to diagonal + i are not zero
  above,   // of row i of a only the columns from i - diagonal on are not zero
};

// c [rows, columns] = alpha * a b, or that added to c. Element (i, k) of a is a[i * a_row + k * a_column].
struct tile_product {
  std::int64_t rows, columns, depth; // columns: a multiple of 16
  const float* a;
  std::int64_t a_row, a_column;
  const float* b; // [depth, columns]
  std::int64_t b_row;
  float* c;
  std::int64_t c_row;
  float alpha = 1;
  bool adds = false;
  triangle only = triangle::none;
  std::int64_t diagonal = 0;
};

namespace tiles {

using vector = float __attribute__((vector_size(tile_lanes * sizeof(float))));

inline vector load(const float* from) {
  vector out;
  std::memcpy(&out, from, sizeof(out));
  return out;
}

// Of a few rows: what is wanted of their columns and of the depth.
struct extent {
  std::int64_t columns, from, to;
};

inline extent extent_of(const tile_product& of, std::int64_t row, std::int64_t rows) {
  const auto end = of.diagonal + row + rows;
  switch (of.only) {
  case triangle::columns:
    return {std::min(of.columns, (end + tile_lanes - 1) / tile_lanes * tile_lanes), 0, of.depth};
  case triangle::depth:
    return {of.columns, 0, std::min(of.depth, end)};
  case triangle::above:
    return {of.columns, std::clamp<std::int64_t>(row - of.diagonal, 0, of.depth), of.depth};
  case triangle::none:
    break;
  }
  return {of.columns, 0, of.depth};
}

template <int Rows, int Vectors>
void multiply(const tile_product& of, std::int64_t row, std::int64_t column, const extent& within) {
  vector sums[Rows][Vectors] = {};
  const float *a = of.a + row * of.a_row + within.from * of.a_column, *b = of.b + within.from * of.b_row + column;
  for (auto k = within.from; k < within.to; ++k, a += of.a_column, b += of.b_row) {
    vector right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = load(b + v * tile_lanes);
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) sums[r][v] += a[r * of.a_row] * right[v];
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) {
      auto* const to = of.c + (row + r) * of.c_row + column + v * tile_lanes;
      auto out = of.alpha * sums[r][v];
      if (of.adds) out += load(to);
      std::memcpy(to, &out, sizeof(out));
    }
}

template <int Rows>
void multiply_rows(const tile_product& of, std::int64_t row) {
  const auto within = extent_of(of, row, Rows);
  std::int64_t column = 0;
  for (; within.columns - column >= tile_vectors * tile_lanes; column += tile_vectors * tile_lanes)
    multiply<Rows, tile_vectors>(of, row, column, within);
  const auto rest = (within.columns - column) / tile_lanes;
  if (rest == 2) multiply<Rows, 2>(of, row, column, within);
  if (rest == 1) multiply<Rows, 1>(of, row, column, within);
}

// The rows that fill no tile: by halves of it.
template <int Rows>
void multiply_rest(const tile_product& of, std::int64_t row) {
  if (of.rows - row >= Rows) {
    multiply_rows<Rows>(of, row);
    row += Rows;
  }
  if constexpr (Rows > 1) multiply_rest<Rows / 2>(of, row);
}

} // namespace tiles

inline void multiply_tiles(const tile_product& of) {
  std::int64_t row = 0;
  for (; of.rows - row >= tile_rows; row += tile_rows) tiles::multiply_rows<tile_rows>(of, row);
  tiles::multiply_rest<tile_rows / 2>(of, row);
}

} // namespace syngrad::cpu
