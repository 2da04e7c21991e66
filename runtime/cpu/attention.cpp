// One head of one sample after the other, a block of queries at a time, so that scores and probabilities stay in cache.
// The products are oneDNN's, on the head's columns of the packed rows; softmax is taken in base two.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/vector_math.hpp"
#include "runtime/device.hpp"

#include <dnnl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace syngrad::cpu {

namespace {

constexpr auto log2_e = std::numbers::log2e_v<float>;
constexpr auto ln_2 = std::numbers::ln2_v<float>;

// Most queries of a block. Smaller blocks lose more to the start of each product, larger ones to what is masked.
constexpr std::int64_t query_block = 64, causal_query_block = 32;
constexpr std::int64_t lanes = 16; // rows of scores are whole vectors, so that no loop over them has a rest

std::int64_t whole_vectors(std::int64_t elements) {
  return (elements + lanes - 1) / lanes * lanes;
}

struct strided {
  float* at;
  std::int64_t stride; // from row to row
};

struct strided_input {
  const float* at;
  std::int64_t stride;
};

// c [m, n] = alpha * op(a) * op(b) + beta * c
void multiply(char a_turned, char b_turned, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
              strided_input a, strided_input b, float beta, strided c) {
  const auto outcome =
    dnnl_sgemm(a_turned, b_turned, m, n, k, alpha, a.at, a.stride, b.at, b.stride, beta, c.at, c.stride);
  if (outcome != dnnl_success)
    throw std::runtime_error("oneDNN refused a product of attention: status " + std::to_string(outcome));
}

struct attention_extents {
  std::int64_t batch, context, heads, width; // of one head
  bool causal;

  std::int64_t features() const { return heads * width; }
  std::int64_t packed() const { return 3 * features(); }
  float scale() const { return 1 / std::sqrt(static_cast<float>(width)); }
  std::int64_t block() const { return std::min(causal ? causal_query_block : query_block, context); } // queries
  std::int64_t blocks() const { return (context + block() - 1) / block(); }
  std::int64_t scores_stride() const { return whole_vectors(context); }
  shape scores() const { return {block(), scores_stride()}; }

  // Positions that query `row` attends to.
  std::int64_t visible(std::int64_t row) const { return causal ? row + 1 : context; }
};

// Rows [first, first + rows) of the queries, and the keys that at least one of them attends to.
struct query_range {
  std::int64_t first, rows, keys;
};

query_range block_of_queries(const attention_extents& of, std::int64_t number) {
  const auto first = number * of.block(), rows = std::min(of.block(), of.context - first);
  return {first, rows, of.causal ? first + rows : of.context};
}

// Calls work(sample, head).
template <class Work>
void for_heads(const attention_extents& of, Work work) {
  for (std::int64_t sample = 0; sample < of.batch; ++sample)
    for (std::int64_t head = 0; head < of.heads; ++head) work(sample, head);
}

// The queries, keys and values of a head within the packed rows of its sample.
template <class Float>
struct packed_head {
  Float *q, *k, *v;

  packed_head(const attention_extents& of, Float* packed, std::int64_t sample, std::int64_t head)
    : q(packed + sample * of.context * of.packed() + head * of.width), k(q + of.features()), v(k + of.features()) {}
};

// scores = q k^T / sqrt(width), in base two.
void score(const attention_extents& of, const packed_head<const float>& head, const query_range& range, float* scores) {
  multiply('N', 'T', range.rows, range.keys, of.width, of.scale() * log2_e,
           {head.q + range.first * of.packed(), of.packed()}, {head.k, of.packed()}, 0, {scores, of.scores_stride()});
}

struct softmax_row {
  float largest, sum;
};

// Far below every score, and so that differences stay finite.
constexpr float masked = -1e30f;

// Puts `masked` where a row of whole vectors goes on after what is visible. The last vector is read and written as a
// whole: who reads it next would wait for narrower writes.
void mask_rest(float* scores, std::int64_t visible, std::int64_t end) {
  if (visible == end) return;
  alignas(64) static constexpr auto order = [] {
    std::array<std::int32_t, lanes> made{};
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::int32_t>(i);
    return made;
  }();
  auto* const last = scores + end - lanes;
  const auto rest = static_cast<std::int32_t>(visible - (end - lanes));
#pragma omp simd
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto score = last[i];
    last[i] = order[i] < rest ? score : masked;
  }
}

// scores = 2^(scores - largest) where `visible`, zero up to `keys`.
softmax_row exponentials(float* scores, std::int64_t visible, std::int64_t keys) {
  const auto end = whole_vectors(visible);
  mask_rest(scores, visible, end);
  float largest = masked;
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < end; ++i) largest = scores[i] > largest ? scores[i] : largest;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < end; ++i) {
    scores[i] = fast_exp2(scores[i] - largest);
    sum += scores[i];
  }
  if (end < keys) std::fill(scores + end, scores + keys, 0.0f);
  return {largest, sum};
}

struct attention_addresses {
  const float* qkv;
  float *y, *log_sum_exp; // the latter may be null
};

void attend(const attention_extents& of, const attention_addresses& to, std::int64_t sample, std::int64_t head,
            float* scores) {
  const packed_head<const float> in(of, to.qkv, sample, head);
  auto* const y = to.y + sample * of.context * of.features() + head * of.width;
  auto* const kept = to.log_sum_exp ? to.log_sum_exp + (sample * of.heads + head) * of.context : nullptr;
  float normalisers[query_block];
  for (std::int64_t block = 0; block < of.blocks(); ++block) {
    const auto range = block_of_queries(of, block);
    score(of, in, range, scores);
    for (std::int64_t r = 0; r < range.rows; ++r) {
      const auto row = range.first + r;
      const auto made = exponentials(scores + r * of.scores_stride(), of.visible(row), range.keys);
      normalisers[r] = 1 / made.sum;
      if (kept) kept[row] = (made.largest + std::log2(made.sum)) * ln_2;
    }
    auto* const out = y + range.first * of.features();
    multiply('N', 'N', range.rows, of.width, range.keys, 1, {scores, of.scores_stride()}, {in.v, of.packed()}, 0,
             {out, of.features()});
    for (std::int64_t r = 0; r < range.rows; ++r)
#pragma omp simd
      for (std::int64_t c = 0; c < of.width; ++c) out[r * of.features() + c] *= normalisers[r];
  }
}

// scores -> probabilities, and their gradients -> the gradients of the scores: p (dp - dy.y). Zero up to `keys`.
void backward_row(float* scores, float* gradients, float log_sum_exp, const float* dy, const float* y,
                  std::int64_t width, std::int64_t visible, std::int64_t keys) {
  float agreement = 0;
#pragma omp simd reduction(+ : agreement)
  for (std::int64_t c = 0; c < width; ++c) agreement += dy[c] * y[c];
  const auto end = whole_vectors(visible);
  mask_rest(scores, visible, end);
  const auto offset = log_sum_exp * log2_e;
#pragma omp simd
  for (std::int64_t i = 0; i < end; ++i) {
    scores[i] = fast_exp2(scores[i] - offset);
    gradients[i] = scores[i] * (gradients[i] - agreement);
  }
  if (end >= keys) return;
  std::fill(scores + end, scores + keys, 0.0f);
  std::fill(gradients + end, gradients + keys, 0.0f);
}

struct attention_backward_addresses {
  const float *dy, *qkv, *y, *log_sum_exp;
  float* dqkv;
};

// The last block first: of the keys it alone reaches all, so it writes what the others add to.
void attend_backward(const attention_extents& of, const attention_backward_addresses& to, std::int64_t sample,
                     std::int64_t head, float* scores, float* gradients) {
  const packed_head<const float> in(of, to.qkv, sample, head);
  const packed_head<float> out(of, to.dqkv, sample, head);
  const auto outputs = sample * of.context * of.features() + head * of.width;
  const auto *dy = to.dy + outputs, *y = to.y + outputs;
  const auto* const kept = to.log_sum_exp + (sample * of.heads + head) * of.context;
  const auto stride = of.scores_stride(), features = of.features(), packed = of.packed();
  const auto blocks = of.blocks();
  for (auto block = blocks; block-- > 0;) {
    const auto range = block_of_queries(of, block);
    const auto *above = dy + range.first * features, *below = y + range.first * features;
    const float beta = block == blocks - 1 ? 0.0f : 1.0f;
    score(of, in, range, scores);
    multiply('N', 'T', range.rows, range.keys, of.width, 1, {above, features}, {in.v, packed}, 0, {gradients, stride});
    for (std::int64_t r = 0; r < range.rows; ++r)
      backward_row(scores + r * stride, gradients + r * stride, kept[range.first + r], above + r * features,
                   below + r * features, of.width, of.visible(range.first + r), range.keys);
    multiply('T', 'N', range.keys, of.width, range.rows, 1, {scores, stride}, {above, features}, beta, {out.v, packed});
    multiply('T', 'N', range.keys, of.width, range.rows, of.scale(), {gradients, stride},
             {in.q + range.first * packed, packed}, beta, {out.k, packed});
    multiply('N', 'N', range.rows, of.width, range.keys, of.scale(), {gradients, stride}, {in.k, packed}, 0,
             {out.q + range.first * packed, packed});
  }
}

attention_extents extents_of(const tensor& qkv, std::int64_t heads, bool causal) {
  assert(qkv.extents().rank() == 3 && qkv.columns() % (3 * heads) == 0 && "packed rows are of whole heads");
  return {qkv.extents()[0], qkv.extents()[1], heads, qkv.columns() / (3 * heads), causal};
}

} // namespace

void cpu_operators::attention(stream& s, const attention_arguments& of) {
  const auto extents = extents_of(of.qkv, of.heads, of.causal);
  assert(of.y.elements() == of.qkv.elements() / 3);
  const auto scratch = make_tensor(s, extents.scores());
  const attention_addresses to{of.qkv.f32(), of.y.f32(), of.log_sum_exp ? of.log_sum_exp->f32() : nullptr};
  host(s).launch([=, scores = scratch.f32()] {
    for_heads(extents, [&](std::int64_t sample, std::int64_t head) { attend(extents, to, sample, head, scores); });
  });
}

void cpu_operators::attention_backward(stream& s, const attention_backward_arguments& of) {
  const auto extents = extents_of(of.qkv, of.heads, of.causal);
  assert(of.dy.elements() == of.y.elements() && of.dqkv.elements() == of.qkv.elements());
  const auto scratch = make_tensor(s, extents.scores()), more = make_tensor(s, extents.scores());
  const attention_backward_addresses to{of.dy.f32(), of.qkv.f32(), of.y.f32(), of.log_sum_exp.f32(), of.dqkv.f32()};
  host(s).launch([=, scores = scratch.f32(), gradients = more.f32()] {
    for_heads(extents, [&](std::int64_t sample, std::int64_t head) {
      attend_backward(extents, to, sample, head, scores, gradients);
    });
  });
}

} // namespace syngrad::cpu
