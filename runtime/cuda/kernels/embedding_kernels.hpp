// Embedding: rows by token. The gradient of a table's row is summed along the rows that have its token, in their order,
// so it is the same each time, and costs nothing for tokens that the batch does not have.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/cuda/kernels/rows_kernels.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

struct embedding_kernel {
  const std::int32_t* tokens;
  const float *weight, *position; // position may be null
  float* y;
  std::int64_t columns, context;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    const auto entry = weight[tokens[row] * columns + column];
    y[row * columns + column] = position ? entry + position[row % context * columns + column] : entry;
  }
};

constexpr std::int32_t last_of_token = -1;

// Links each row to the next one with the same token, as in a list for each token that begins at its first row.
struct link_tokens_kernel {
  const std::int32_t* tokens;
  std::int32_t *next, *first; // first: whether no row before it has the token
  std::int64_t count;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto mine = tokens[i];
    auto before = i - 1, after = i + 1;
    while (before >= 0 && tokens[before] != mine) --before;
    while (after < count && tokens[after] != mine) ++after;
    first[i] = before < 0 ? 1 : 0;
    next[i] = after < count ? static_cast<std::int32_t>(after) : last_of_token;
  }
};

struct embedding_backward_kernel {
  const float* dy;
  const std::int32_t *tokens, *next, *first;
  float* dweight;
  std::int64_t columns;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    if (!first[row]) return;
    auto& total = dweight[tokens[row] * columns + column];
    auto sum = total;
    for (auto at = row; at >= 0; at = next[at]) sum += dy[at * columns + column];
    total = sum;
  }
};

template <class Launcher>
void embedding(Launcher& on, const embedding_arguments& of) {
  const auto count = of.tokens.elements(), columns = of.weight.columns();
  const auto context = of.position ? of.position->rows() : 1;
  assert(of.y.elements() == count * columns && count % context == 0);
  on.grid(count, columns,
          embedding_kernel{of.tokens.i32(), of.weight.f32(), of.position ? of.position->f32() : nullptr, of.y.f32(),
                           columns, context});
}

template <class Launcher>
void embedding_backward(Launcher& on, const tensor& dy, const tensor& tokens, bool accumulate, tensor& dweight) {
  const auto count = tokens.elements(), columns = dweight.columns();
  assert(dy.elements() == count * columns);
  const auto lists = on.scratch({2, count}); // whole numbers
  auto* const next = reinterpret_cast<std::int32_t*>(lists.f32());
  auto* const first = next + count;
  if (!accumulate) on.each(dweight.elements(), fill_kernel{dweight.f32(), 0});
  on.each(count, link_tokens_kernel{tokens.i32(), next, first, count});
  on.grid(count, columns, embedding_backward_kernel{dy.f32(), tokens.i32(), next, first, dweight.f32(), columns});
}

} // namespace syngrad::cuda::kernels
