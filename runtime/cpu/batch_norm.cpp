// Two passes over whole rows, forward and backward: sums of columns, then what follows from them. Columns are taken in
// blocks only so that their sums fit on the stack and in L1; narrower blocks were slower, for the prefetcher.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

constexpr std::int64_t block_columns = 1024;

struct alignas(64) column_values {
  float at[block_columns];
};

// A block of columns of matrices that share one stride.
struct column_block {
  std::int64_t rows, columns, stride;
};

// A float that has grown over tens of thousands of rows takes little of the next one: blocks of rows are summed, and
// their sums. `sum_block` sums the rows of a block, from the given one on.
constexpr std::int64_t block_rows = 1024;

template <class Sum>
void sum_by_blocks(const column_block& of, float* sum, float* other, Sum sum_block) {
  if (of.rows <= block_rows) return sum_block(of, 0, sum, other);
  std::fill_n(sum, of.columns, 0.0f);
  std::fill_n(other, of.columns, 0.0f);
  for (std::int64_t row = 0; row < of.rows; row += block_rows) {
    column_values partial, other_partial;
    sum_block({std::min(block_rows, of.rows - row), of.columns, of.stride}, row, partial.at, other_partial.at);
#pragma omp simd
    for (std::int64_t c = 0; c < of.columns; ++c) {
      sum[c] += partial.at[c];
      other[c] += other_partial.at[c];
    }
  }
}

// Sums of x - origin and of its square. With the first row as origin the variance loses no digits to a large mean.
void sum_moments(const column_block& of, const float* x, const float* origin, float* sum, float* squares) {
  std::fill_n(sum, of.columns, 0.0f);
  std::fill_n(squares, of.columns, 0.0f);
  for_row_groups<4>(of.rows, [=](auto group, std::int64_t row) {
    const auto* first = x + row * of.stride;
#pragma omp simd
    for (std::int64_t c = 0; c < of.columns; ++c) {
      float s = 0, q = 0;
      for (int r = 0; r < group(); ++r) {
        const auto difference = first[r * of.stride + c] - origin[c];
        s += difference;
        q += difference * difference;
      }
      sum[c] += s;
      squares[c] += q;
    }
  });
}

// y = (x - mean) * factor + offset, then max(0, .) if Relu.
template <bool Relu>
void normalise(const column_block& of, const float* x, const float* mean, const float* factor, const float* offset,
               float* y) {
  for (std::int64_t row = 0; row < of.rows; ++row, x += of.stride, y += of.stride) {
#pragma omp simd
    for (std::int64_t c = 0; c < of.columns; ++c) {
      const auto value = (x[c] - mean[c]) * factor[c] + offset[c];
      y[c] = Relu && value < 0 ? 0.0f : value; // in this order a NaN stays one
    }
  }
}

// Sums of the gradient that passed the ReLU, and of its product with x - mean.
template <bool Relu>
void sum_gradients(const column_block& of, const float* dy, const float* x, const float* y, const float* mean,
                   float* sum, float* products) {
  std::fill_n(sum, of.columns, 0.0f);
  std::fill_n(products, of.columns, 0.0f);
  for_row_groups<2>(of.rows, [=](auto group, std::int64_t row) {
    const auto start = row * of.stride;
#pragma omp simd
    for (std::int64_t c = 0; c < of.columns; ++c) {
      float s = 0, p = 0;
      for (int r = 0; r < group(); ++r) {
        const auto i = start + r * of.stride + c;
        const auto above = dy[i];
        const auto gradient = Relu && y[i] == 0 ? 0.0f : above;
        s += gradient;
        p += gradient * (x[i] - mean[c]);
      }
      sum[c] += s;
      products[c] += p;
    }
  });
}

// dx = factor * (gradient - mean_gradient - (x - mean) * slope)
template <bool Relu>
void input_gradients(const column_block& of, const float* dy, const float* x, const float* y, const float* mean,
                     const float* factor, const float* mean_gradient, const float* slope, float* dx) {
  for (std::int64_t row = 0; row < of.rows; ++row, dy += of.stride, x += of.stride, y += of.stride, dx += of.stride) {
#pragma omp simd
    for (std::int64_t c = 0; c < of.columns; ++c) {
      const auto above = dy[c];
      const auto gradient = Relu && y[c] == 0 ? 0.0f : above;
      dx[c] = factor[c] * (gradient - mean_gradient[c] - (x[c] - mean[c]) * slope[c]);
    }
  }
}

// Of some samples of a batch, with gradients that are multiplied by weights:
// dx = factor * (gradient - weight * (mean_gradient + (x - mean) * slope))
template <bool Relu>
void weighted_input_gradients(const column_block& of, const float* weights, std::int64_t rows_of_sample,
                              const float* dy, const float* x, const float* y, const float* mean, const float* factor,
                              const float* mean_gradient, const float* slope, float* dx) {
  for (std::int64_t row = 0; row < of.rows; ++row, dy += of.stride, x += of.stride, y += of.stride, dx += of.stride) {
    const auto weight = weights[row / rows_of_sample];
#pragma omp simd
    for (std::int64_t c = 0; c < of.columns; ++c) {
      const auto above = dy[c];
      const auto gradient = Relu && y[c] == 0 ? 0.0f : above;
      dx[c] = factor[c] * (gradient - weight * (mean_gradient[c] + (x[c] - mean[c]) * slope[c]));
    }
  }
}

// Calls work(first column, block) for each block of columns.
template <class Work>
void for_column_blocks(std::int64_t rows, std::int64_t columns, Work work) {
  for (std::int64_t first = 0; first < columns; first += block_columns)
    work(first, column_block{rows, std::min(block_columns, columns - first), columns});
}

struct forward_addresses {
  const float *x, *gamma, *beta;
  float *y, *running_mean, *running_variance;
  float *saved_mean, *saved_inverse; // null in evaluation
  float momentum, epsilon;
};

void apply_forward(const forward_addresses& to, const column_block& of, std::int64_t first, const float* mean,
                   const float* factor, bool relu) {
  (relu ? normalise<true> : normalise<false>)(of, to.x + first, mean, factor, to.beta + first, to.y + first);
}

void train_block(const forward_addresses& to, const column_block& of, std::int64_t first, bool relu) {
  column_values sum, squares, factor;
  const auto* origin = to.x + first;
  sum_by_blocks(of, sum.at, squares.at,
                [&](const column_block& rows, std::int64_t row, float* sums, float* of_squares) {
                  sum_moments(rows, origin + row * of.stride, origin, sums, of_squares);
                });
  const auto count = static_cast<float>(of.rows);
  const auto unbiased = of.rows > 1 ? count / (count - 1) : 1.0f; // one row has no spread to correct for
  auto *mean = to.saved_mean + first, *inverse = to.saved_inverse + first;
  auto *running_mean = to.running_mean + first, *running_variance = to.running_variance + first;
#pragma omp simd
  for (std::int64_t c = 0; c < of.columns; ++c) {
    const auto shift = sum.at[c] / count;
    const auto spread = squares.at[c] / count - shift * shift;
    const auto variance = spread < 0 ? 0.0f : spread;
    mean[c] = origin[c] + shift;
    inverse[c] = 1.0f / std::sqrt(variance + to.epsilon);
    factor.at[c] = to.gamma[first + c] * inverse[c];
    const auto moved_mean = running_mean[c] + to.momentum * (mean[c] - running_mean[c]);
    const auto moved_variance = running_variance[c] + to.momentum * (variance * unbiased - running_variance[c]);
    const bool moves = is_finite(moved_mean) && is_finite(moved_variance);
    running_mean[c] = moves ? moved_mean : running_mean[c];
    running_variance[c] = moves ? moved_variance : running_variance[c];
  }
  apply_forward(to, of, first, mean, factor.at, relu);
}

void evaluate_block(const forward_addresses& to, const column_block& of, std::int64_t first, bool relu) {
  column_values factor;
#pragma omp simd
  for (std::int64_t c = 0; c < of.columns; ++c)
    factor.at[c] = to.gamma[first + c] / std::sqrt(to.running_variance[first + c] + to.epsilon);
  apply_forward(to, of, first, to.running_mean + first, factor.at, relu);
}

struct backward_addresses {
  const float *dy, *x, *y, *gamma, *mean, *inverse;
  float *dx, *dgamma, *dbeta; // null where not wanted
  const float* weights;       // of some samples of the batch; null: all rows are here
  std::int64_t rows_of_sample, batch_rows;
};

void backward_block(const backward_addresses& to, const column_block& of, std::int64_t first, bool accumulate,
                    bool relu) {
  column_values sum, products, factor;
  const auto *dy = to.dy + first, *x = to.x + first, *y = to.y + first, *mean = to.mean + first;
  const auto sums_of = relu ? sum_gradients<true> : sum_gradients<false>;
  sum_by_blocks(of, sum.at, products.at,
                [&](const column_block& rows, std::int64_t row, float* sums, float* of_products) {
                  const auto begin = row * of.stride;
                  sums_of(rows, dy + begin, x + begin, y + begin, mean, sums, of_products);
                });
  if (to.dgamma) {
    for (std::int64_t c = 0; c < of.columns; ++c) {
      auto &dgamma = to.dgamma[first + c], &dbeta = to.dbeta[first + c];
      dgamma = (accumulate ? dgamma : 0.0f) + products.at[c] * to.inverse[first + c];
      dbeta = (accumulate ? dbeta : 0.0f) + sum.at[c];
    }
  }
  if (!to.dx) return;
  const auto share = 1.0f / static_cast<float>(to.batch_rows);
  auto &mean_gradient = sum, &slope = products;
#pragma omp simd
  for (std::int64_t c = 0; c < of.columns; ++c) {
    const auto inverse = to.inverse[first + c];
    factor.at[c] = to.gamma[first + c] * inverse;
    mean_gradient.at[c] *= share;
    slope.at[c] *= share * inverse * inverse;
  }
  if (to.weights)
    return (relu ? weighted_input_gradients<true>
                 : weighted_input_gradients<false>)(of, to.weights, to.rows_of_sample, dy, x, y, mean, factor.at,
                                                    mean_gradient.at, slope.at, to.dx + first);
  (relu ? input_gradients<true> : input_gradients<false>)(of, dy, x, y, mean, factor.at, mean_gradient.at, slope.at,
                                                          to.dx + first);
}

} // namespace

void cpu_operators::batch_norm(stream& s, const batch_norm_arguments& of) {
  const auto rows = of.x.rows(), columns = of.x.columns();
  auto* saved = of.saved ? of.saved->f32() : nullptr;
  const forward_addresses to{of.x.f32(),
                             of.gamma.f32(),
                             of.beta.f32(),
                             of.y.f32(),
                             of.running_mean.f32(),
                             of.running_variance.f32(),
                             saved,
                             saved ? saved + columns : nullptr,
                             of.momentum,
                             of.epsilon};
  const auto work = saved ? train_block : evaluate_block;
  host(s).launch([=, relu = of.relu] {
    for_column_blocks(rows, columns,
                      [&](std::int64_t first, const column_block& block) { work(to, block, first, relu); });
  });
}

void cpu_operators::batch_norm_backward(stream& s, const batch_norm_backward_arguments& of) {
  assert(!of.dgamma == !of.dbeta && "dgamma and dbeta are wanted together or not at all");
  const auto rows = of.x.rows(), columns = of.x.columns();
  const backward_addresses to{of.dy.f32(),
                              of.x.f32(),
                              of.y.f32(),
                              of.gamma.f32(),
                              of.saved.f32(),
                              of.saved.f32() + columns,
                              of.dx ? of.dx->f32() : nullptr,
                              of.dgamma ? of.dgamma->f32() : nullptr,
                              of.dbeta ? of.dbeta->f32() : nullptr,
                              of.weights ? of.weights->f32() : nullptr,
                              of.weights ? rows / of.weights->elements() : 1,
                              of.weights ? of.batch_rows : rows};
  host(s).launch([=, accumulate = of.accumulate, relu = of.relu] {
    for_column_blocks(rows, columns, [&](std::int64_t first, const column_block& block) {
      backward_block(to, block, first, accumulate, relu);
    });
  });
}

} // namespace syngrad::cpu
