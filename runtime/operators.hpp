// The operators of a device. Each enqueues work on its stream and returns.
//
// All tensors are contiguous f32 unless said otherwise; labels are i32 [rows] in 0..classes-1, or no_label. Outputs are
// allocated by the caller. Tensors from other streams are made readable by the caller (tensor::read_on). Nothing is
// allocated from the operating system once each shape was seen, and results do not depend on timing or on the calling
// thread.
#pragma once

#include "runtime/operators/convolution.hpp"
#include "runtime/operators/direction.hpp"
#include "runtime/operators/dropout.hpp"
#include "runtime/operators/optimizer_steps.hpp"
#include "runtime/operators/pooling.hpp"
#include "runtime/operators/recurrent.hpp"
#include "runtime/operators/residual.hpp"
#include "runtime/operators/samples.hpp"
#include "runtime/operators/transformer.hpp"
#include "runtime/optimizer_step.hpp"
#include "runtime/tensor.hpp"

#include <cstdint>

namespace syngrad {

enum class transpose : bool { no, yes };

inline constexpr std::int32_t no_label = -1; // of a row that has none

// c = alpha * op(a) * op(b) + beta * c, with op(a) [m, k], op(b) [k, n], c [m, n]. With beta == 0, c is not read.
// Then bias [n] is added to each row, and then max(0, .) is taken if `relu`; a NaN stays one. `sums_of_a` [m] receives
// the sums of op(a) over k: where op(a) is the transpose of an output's gradient, the gradient of that output's bias.
// It is there for a transposed `a` only, and not together with the others. Some devices do all that within the product.
// Where the scalar `guard` (may be null) is not finite, c keeps its contents: for sums that live long. It is there for
// a product alone, without bias, ReLU and sums.
// `upper`: c is square, and only what is on or above its diagonal is wanted; a device may leave the rest as it was.
// `exact`: the factors are not rounded, whatever the precision of the device.
struct matmul_arguments {
  const tensor& a;
  transpose transpose_a;
  const tensor& b;
  transpose transpose_b;
  tensor& c;
  float alpha = 1;
  float beta = 0;
  const tensor* bias = nullptr;
  bool relu = false;
  tensor* sums_of_a = nullptr;
  const tensor* guard = nullptr;
  bool upper = false;
  bool exact = false;
};

// Batch normalisation over the rows of x [batch, features] (Ioffe and Szegedy, arXiv 1502.03167), then max(0, .) if
// `relu`. `saved` [2, features] receives the batch's mean and 1/sqrt(variance + epsilon) for the backward pass.
// Running statistics move by `momentum` towards the batch's mean and unbiased variance; those of a feature whose mean
// or variance is not finite stay as they are.
struct batch_norm_arguments {
  const tensor& x;
  const tensor& gamma; // [features]
  const tensor& beta;  // [features]
  tensor& y;           // [batch, features]
  tensor& running_mean;
  tensor& running_variance;
  tensor* saved = nullptr; // null: evaluation, normalises with the running statistics and changes nothing
  float momentum = 0.1f;
  float epsilon = 1e-5f;
  bool relu = false;
};

// With `weights` the rows are those of some samples of the batch, and dy has each multiplied by its sample's weight: so
// sums over them stand for sums over all rows of the batch, of which the means are. dx is so multiplied, too.
struct batch_norm_backward_arguments {
  const tensor& dy;
  const tensor& x;
  const tensor& y; // the forward output: where it is 0 and `relu`, no gradient passes
  const tensor& gamma;
  const tensor& saved;
  tensor* dx = nullptr;     // [batch, features], null: not wanted
  tensor* dgamma = nullptr; // null: neither dgamma nor dbeta wanted
  tensor* dbeta = nullptr;
  bool accumulate = false; // add to dgamma and dbeta instead of overwriting them
  bool relu = false;
  const tensor* weights = nullptr; // f32 [samples], as many rows of dy to each; null: all rows of the batch are here
  std::int64_t batch_rows = 0;     // with weights: rows of the whole batch
};

// The loss of a row is the cross-entropy between softmax(logits) and the target: (1 - smoothing) onehot(label) +
// smoothing / classes. A row without a label has neither loss nor gradient.
struct cross_entropy_arguments {
  const tensor& logits; // [rows, classes]
  const tensor& labels;
  tensor* gradient; // softmax(logits) - target, per row; may be null
  tensor& result;   // [2]: mean loss of the rows with a label, 0 where there is none; how many of them have another
                    // largest logit than that of their label (the lowest index wins ties)
  float smoothing = 0;
};

// What is added to the diagonal of a symmetric matrix before it is solved for: so much of its mean, and of each entry.
struct ridge_weight {
  ridge_weight(float mean, float each = 0) : of_mean(mean), of_each(each) {}
  float of_mean, of_each;
};

class operators :
  public convolution_operators,
  public optimizer_step_operators,
  public pooling_operators,
  public direction_operators,
  public dropout_operators,
  public recurrent_operators,
  public residual_operators,
  public sample_operators,
  public transformer_operators {
public:
  virtual ~operators() = default;

  virtual void matmul(stream&, const matmul_arguments&) = 0;

  virtual void fill(stream&, tensor& target, float value) = 0;
  // Same element count and type. Either may be host-visible; `source` may lie on another device of this kind, or in
  // ordinary host memory, which is read before the call returns.
  virtual void copy(stream&, const tensor& source, tensor& target) = 0;
  // target[row.., column..] = source, both 2-d; columns of `target` beyond the block are untouched.
  virtual void copy_block(stream&, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) = 0;
  // target = source^T written at (row, column).
  virtual void copy_block_transposed(stream&, const tensor& source, tensor& target, std::int64_t row,
                                     std::int64_t column) = 0;
  virtual void upload(stream&, const void* host_memory, tensor& target) = 0; // host memory is read before it returns
  virtual void scale(stream&, tensor& target, float factor) = 0;
  virtual void add(stream&, const tensor& source, float factor, tensor& target) = 0; // target += factor * source
  virtual void subtract(stream&, const tensor& a, const tensor& b, tensor& out) = 0; // out = a - b

  virtual void relu(stream&, const tensor& x, tensor& y) = 0;
  virtual void relu_backward(stream&, const tensor& dy, const tensor& y, tensor& dx) = 0;
  virtual void batch_norm(stream&, const batch_norm_arguments&) = 0;
  virtual void batch_norm_backward(stream&, const batch_norm_backward_arguments&) = 0;

  // y[r] = bias + table[labels[r]]; a null bias or table counts as zero, as does the entry of no label. Prefills a
  // product's output (beta = 1), so that bias and label term cost no pass of their own.
  virtual void fill_rows(stream&, const tensor* bias, const tensor* table, const tensor* labels, tensor& y) = 0;
  // Both keep what was there where the scalar `guard` (may be null) is not finite.
  // out[c] = beta * out[c] + sum over rows of x[r][c]
  virtual void sum_rows(stream&, const tensor& x, float beta, tensor& out, const tensor* guard = nullptr) = 0;
  // table[k] = beta * table[k] + sum of x[r] over the rows labelled k; table [classes, columns]
  virtual void sum_rows_by_label(stream&, const tensor& x, const tensor& labels, float beta, tensor& table,
                                 const tensor* guard = nullptr) = 0;
  // counts[k] = beta * counts[k] + number of rows labelled k; counts [classes]
  virtual void count_labels(stream&, const tensor& labels, float beta, tensor& counts) = 0;

  virtual void softmax_cross_entropy(stream&, const cross_entropy_arguments&) = 0;

  // out[r] = source[indices[r]] * scale; source u8 or f32 [n, features], indices i32 [batch], out f32.
  virtual void gather_rows(stream&, const tensor& source, const tensor& indices, float scale, tensor& out) = 0;
  // out[r] = source[indices[r]]; all i32, source and out [n, labels of a sample]
  virtual void gather_labels(stream&, const tensor& source, const tensor& indices, tensor& out) = 0;
  // Each `times` times in a row: the label of a sample becomes that of its rows. i32, out [labels * times].
  virtual void repeat_labels(stream&, const tensor& labels, std::int64_t times, tensor& out) = 0;
  // out[r] = x[r] / divisors[r]; divisors [rows]
  virtual void divide_rows(stream&, const tensor& x, const tensor& divisors, tensor& out) = 0;
  // out[r] = x[r] * factors[r]; factors [rows]. out may be x.
  virtual void scale_rows(stream&, const tensor& x, const tensor& factors, tensor& out) = 0;
  // x[r] becomes no longer than factor * sqrt(squares), a scalar: a longer one is scaled down.
  virtual void limit_rows(stream&, tensor& x, const tensor& squares, float factor) = 0;

  // out[0] = a.b, out[1] = |a|^2, out[2] = |b|^2
  virtual void agreement(stream&, const tensor& a, const tensor& b, tensor& out) = 0;
  virtual void sum_squares(stream&, const tensor& x, tensor& out) = 0;
  // target = 0 where the scalar `guard` is not finite: how sums that live long get rid of a NaN without the host
  // knowing of it.
  virtual void zero_unless_finite(stream&, const tensor& guard, tensor& target) = 0;

  // velocity = momentum * velocity + g; value -= lr * (nesterov ? g + momentum * velocity : velocity),
  // with g = scale * gradient + weight_decay * value. A zero momentum needs no velocity (null).
  virtual void sgd_step(stream&, const step_arguments&, tensor* velocity, float momentum, bool nesterov) = 0;
  // Adam (Kingma and Ba, arXiv 1412.6980); `decoupled` weight decay: AdamW (Loshchilov and Hutter, arXiv 1711.05101).
  // `step` counts from 1.
  virtual void adam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1,
                         float beta2, float epsilon, std::int64_t step, bool decoupled) = 0;

  // solution [n, m] = (a + ridge)^-1 b by Cholesky. `a` [n, n] is symmetric and is destroyed, and is read on and above
  // its diagonal only; b [n, m]. Where the
  // factorisation fails or a result is not finite, `solution` keeps its contents and `failed` (f32 scalar) becomes 1,
  // else 0.
  virtual void solve_ridge(stream&, tensor& a, const tensor& b, ridge_weight, tensor& solution, tensor& failed) = 0;
};

} // namespace syngrad
