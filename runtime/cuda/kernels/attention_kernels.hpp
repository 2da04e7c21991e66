// Attention: heads are laid out apart, [batch * heads, context, width], so that each product is one batched product
// over all of them; a block of queries at a time, so that scores take memory in proportion to the context.
//
// Products are given as a function: products(launcher, matmul_product).
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/cuda/kernels/matmul_product.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace syngrad::cuda::kernels {

constexpr std::int64_t attention_block = 128; // queries

struct attention_extents {
  std::int64_t batch, context, heads, width; // of one head
  bool causal;

  SYNGRAD_HOST_DEVICE std::int64_t features() const { return heads * width; }
  std::int64_t instances() const { return batch * heads; } // heads of all samples
  std::int64_t instance_elements() const { return context * width; }
  std::int64_t blocks() const { return (context + attention_block - 1) / attention_block; }
  float scale() const { return 1 / std::sqrt(static_cast<float>(width)); }
};

// Rows [first, first + rows) of the queries, and the keys that at least one of them attends to.
struct attention_range {
  std::int64_t first, rows, keys;
  bool causal;

  SYNGRAD_HOST_DEVICE bool sees(std::int64_t row, std::int64_t key) const { return !causal || key <= first + row; }
};

inline attention_range range_of_block(const attention_extents& of, std::int64_t block) {
  const auto first = block * attention_block, rows = std::min(attention_block, of.context - first);
  return {first, rows, of.causal ? first + rows : of.context, of.causal};
}

// Between rows [batch * context, parts * features] and heads [parts, batch * heads, context, width].
struct head_places {
  attention_extents of;
  std::int64_t parts;

  SYNGRAD_HOST_DEVICE std::int64_t in_heads(std::int64_t row, std::int64_t column) const {
    const auto part = column / of.features(), feature = column % of.features();
    const auto sample = row / of.context, position = row % of.context;
    const auto instance = (part * of.batch + sample) * of.heads + feature / of.width;
    return (instance * of.context + position) * of.width + feature % of.width;
  }
  SYNGRAD_HOST_DEVICE std::int64_t in_rows(std::int64_t row, std::int64_t column) const {
    return row * parts * of.features() + column;
  }
};

struct split_heads_kernel {
  head_places places;
  const float* rows;
  float* heads;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    heads[places.in_heads(row, column)] = rows[places.in_rows(row, column)];
  }
};

struct merge_heads_kernel {
  head_places places;
  const float* heads;
  float* rows;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    rows[places.in_rows(row, column)] = heads[places.in_heads(row, column)];
  }
};

// Of the scores seen so far: the largest, and the sum of exp(score - largest) (Milakov and Gimelshein,
// arXiv 1805.02867). A NaN makes the sum one.
struct score_sum {
  float largest = -HUGE_VALF, sum = 0;
};

SYNGRAD_HOST_DEVICE inline score_sum joined(score_sum a, score_sum b) {
  const auto largest = a.largest > b.largest ? a.largest : b.largest;
  const auto rescaled = [largest](score_sum part) {
    return part.sum == 0 ? 0.0f : part.sum * std::exp(part.largest - largest);
  };
  return {largest, rescaled(a) + rescaled(b)};
}

// scores -> probabilities; a group is a row of a block of an instance.
struct attention_softmax_kernel {
  using value = score_sum;

  float *scores, *log_sum_exp; // [instances, rows, keys], [instances, context]
  attention_range range;
  std::int64_t context;

  SYNGRAD_HOST_DEVICE score_sum empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(score_sum& total, std::int64_t group, std::int64_t key) const {
    if (!range.sees(group % range.rows, key)) return;
    const auto score = scores[group * range.keys + key];
    if (score <= total.largest)
      total.sum += std::exp(score - total.largest);
    else
      total = joined(total, {score, 1});
  }
  SYNGRAD_HOST_DEVICE score_sum join(score_sum a, score_sum b) const { return joined(a, b); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t group, score_sum total) const {
    log_sum_exp[kept(group)] = total.largest + std::log(total.sum);
  }
  SYNGRAD_HOST_DEVICE void apply(std::int64_t group, std::int64_t key, score_sum) const {
    auto& score = scores[group * range.keys + key];
    score = range.sees(group % range.rows, key) ? std::exp(score - log_sum_exp[kept(group)]) : 0.0f;
  }

  SYNGRAD_HOST_DEVICE std::int64_t kept(std::int64_t group) const {
    return group / range.rows * context + range.first + group % range.rows;
  }
};

// agreement[i] = dy.y over the features of one head, of row i of all instances.
struct attention_agreement_kernel {
  using value = float;

  const float *dy, *y; // heads apart
  float* out;
  std::int64_t width;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t row, std::int64_t i) const {
    total += dy[row * width + i] * y[row * width + i];
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t row, float total) const { out[row] = total; }
};

// scores -> probabilities p, and their gradients dp -> the gradients of the scores: p (dp - dy.y).
struct attention_scores_backward_kernel {
  float *scores, *gradients; // [instances, rows, keys]
  const float *log_sum_exp, *agreement;
  attention_range range;
  std::int64_t context;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t group, std::int64_t key) const {
    const auto row = group % range.rows, at = group * range.keys + key;
    const auto kept = group / range.rows * context + range.first + row;
    const auto probability = range.sees(row, key) ? std::exp(scores[at] - log_sum_exp[kept]) : 0.0f;
    scores[at] = probability;
    gradients[at] = range.sees(row, key) ? probability * (gradients[at] - agreement[kept]) : 0.0f;
  }
};

// A matrix in each instance, `stride` floats apart.
struct instance_matrices {
  float* at;
  std::int64_t stride;
};

// One product for each instance: c [m, n] = alpha * op(a) * op(b) + beta * c.
inline matmul_product product_of_instances(const attention_extents& of, std::int64_t m, std::int64_t n, std::int64_t k,
                                           bool transpose_a, instance_matrices a, bool transpose_b, instance_matrices b,
                                           instance_matrices c, float alpha, float beta) {
  return {.m = m,
          .n = n,
          .k = k,
          .transpose_a = transpose_a,
          .transpose_b = transpose_b,
          .factors = factor_type::f32,
          .a = a.at,
          .b = b.at,
          .c = c.at,
          .alpha = alpha,
          .beta = beta,
          .batch = {of.instances(), a.stride, b.stride, c.stride}};
}

// Queries, keys and values (or their gradients) with heads apart.
struct separate_heads {
  tensor memory;
  instance_matrices q, k, v;

  // Of one of the three, from a row on.
  instance_matrices from_row(instance_matrices of, std::int64_t row, std::int64_t width) const {
    return {of.at + row * width, of.stride};
  }
};

template <class Launcher>
separate_heads make_heads(Launcher& on, const attention_extents& of) {
  separate_heads out;
  const auto part = of.instances() * of.instance_elements(), stride = of.instance_elements();
  out.memory = on.scratch({3 * part});
  out.q = {out.memory.f32(), stride};
  out.k = {out.q.at + part, stride};
  out.v = {out.k.at + part, stride};
  return out;
}

template <class Launcher>
void split_heads(Launcher& on, const attention_extents& of, std::int64_t parts, const tensor& rows, float* heads) {
  on.grid(of.batch * of.context, parts * of.features(), split_heads_kernel{{of, parts}, rows.f32(), heads});
}

template <class Launcher>
void merge_heads(Launcher& on, const attention_extents& of, std::int64_t parts, const float* heads, tensor& rows) {
  on.grid(of.batch * of.context, parts * of.features(), merge_heads_kernel{{of, parts}, heads, rows.f32()});
}

inline attention_extents extents_of_attention(const tensor& qkv, std::int64_t heads, bool causal) {
  assert(qkv.extents().rank() == 3 && qkv.columns() % (3 * heads) == 0 && "packed rows are of whole heads");
  return {qkv.extents()[0], qkv.extents()[1], heads, qkv.columns() / (3 * heads), causal};
}

template <class Launcher, class Products>
void attention(Launcher& on, const attention_arguments& of, Products products) {
  const auto extents = extents_of_attention(of.qkv, of.heads, of.causal);
  assert(of.y.elements() == of.qkv.elements() / 3);
  const auto instances = extents.instances(), width = extents.width, context = extents.context;
  const auto in = make_heads(on, extents);
  split_heads(on, extents, 3, of.qkv, in.q.at);
  const auto attended = on.scratch({instances * context, width});
  const auto unsaved = of.log_sum_exp ? tensor{} : on.scratch({instances, context});
  auto* const log_sum_exp = of.log_sum_exp ? of.log_sum_exp->f32() : unsaved.f32();
  const auto memory = on.scratch({instances, std::min(attention_block, context), context});

  for (std::int64_t block = 0; block < extents.blocks(); ++block) {
    const auto range = range_of_block(extents, block);
    const instance_matrices scores{memory.f32(), range.rows * range.keys};
    const instance_matrices out{attended.f32() + range.first * width, extents.instance_elements()};
    products(on, product_of_instances(extents, range.rows, range.keys, width, false,
                                      in.from_row(in.q, range.first, width), true, in.k, scores, extents.scale(), 0));
    on.reduce_rows(instances * range.rows, range.keys,
                   attention_softmax_kernel{scores.at, log_sum_exp, range, context});
    products(on, product_of_instances(extents, range.rows, width, range.keys, false, scores, false, in.v, out, 1, 0));
  }
  merge_heads(on, extents, 1, attended.f32(), of.y);
}

// The last block first: of the keys it alone reaches all, so it writes what the others add to.
template <class Launcher, class Products>
void attention_backward(Launcher& on, const attention_backward_arguments& of, Products products) {
  const auto extents = extents_of_attention(of.qkv, of.heads, of.causal);
  assert(of.dy.elements() == of.y.elements() && of.dqkv.elements() == of.qkv.elements());
  const auto instances = extents.instances(), width = extents.width, context = extents.context;
  const auto in = make_heads(on, extents), out = make_heads(on, extents);
  split_heads(on, extents, 3, of.qkv, in.q.at);
  const auto above = on.scratch({instances * context, width}), agreement = on.scratch({instances * context});
  {
    const auto y = on.scratch({instances * context, width});
    split_heads(on, extents, 1, of.dy, above.f32());
    split_heads(on, extents, 1, of.y, y.f32());
    on.reduce_rows(instances * context, width,
                   attention_agreement_kernel{above.f32(), y.f32(), agreement.f32(), width});
  }
  const auto most_rows = std::min(attention_block, context);
  const auto memory = on.scratch({instances, most_rows, context}), more = on.scratch({instances, most_rows, context});

  for (auto block = extents.blocks(); block-- > 0;) {
    const auto range = range_of_block(extents, block);
    const auto rows = range.rows, keys = range.keys;
    const instance_matrices scores{memory.f32(), rows * keys}, gradients{more.f32(), rows * keys};
    const instance_matrices dy{above.f32() + range.first * width, extents.instance_elements()};
    const auto q = in.from_row(in.q, range.first, width), dq = out.from_row(out.q, range.first, width);
    const auto scale = extents.scale(), beta = block + 1 == extents.blocks() ? 0.0f : 1.0f;
    const auto product = [&](std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, instance_matrices a,
                             bool transpose_b, instance_matrices b, instance_matrices c, float alpha, float kept) {
      products(on, product_of_instances(extents, m, n, k, transpose_a, a, transpose_b, b, c, alpha, kept));
    };
    product(rows, keys, width, false, q, true, in.k, scores, scale, 0);
    product(rows, keys, width, false, dy, true, in.v, gradients, 1, 0);
    on.grid(
      instances * rows, keys,
      attention_scores_backward_kernel{scores.at, gradients.at, of.log_sum_exp.f32(), agreement.f32(), range, context});
    product(keys, width, rows, true, scores, false, dy, out.v, 1, beta);
    product(keys, width, rows, true, gradients, false, q, out.k, scale, beta);
    product(rows, width, keys, false, gradients, false, in.k, dq, scale, 0);
  }
  merge_heads(on, extents, 3, out.q.at, of.dqkv);
}

} // namespace syngrad::cuda::kernels
