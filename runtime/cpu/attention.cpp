// One head of one sample after the other, a block of queries at a time, so that scores and probabilities stay in cache.
// What a product reads by rows is brought together first, in rows of whole vectors. Softmax is taken in base two.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/tile_products.hpp"
#include "runtime/cpu/vector_math.hpp"
#include "runtime/device.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

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

struct attention_extents {
  std::int64_t batch, context, heads, width; // of one head
  bool causal;

  std::int64_t features() const { return heads * width; }
  std::int64_t packed() const { return 3 * features(); }
  float scale() const { return 1 / std::sqrt(static_cast<float>(width)); }
  std::int64_t block() const { return std::min(causal ? causal_query_block : query_block, context); } // queries
  std::int64_t blocks() const { return (context + block() - 1) / block(); }
  // Of rows that have an element for each position, or each feature of a head.
  std::int64_t positions_stride() const { return whole_vectors(context); }
  std::int64_t width_stride() const { return whole_vectors(width); }

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

// Memory of one head's matrices. Rows are of whole vectors, with zeros beyond what they have elements for.
class head_memory {
public:
  head_memory(const attention_extents& of, float* begin) : of_(of), next_(begin) {}

  // [queries of a block, positions], [width, positions], [positions, width]
  float* scores() { return taken(of_.block() * of_.positions_stride()); }
  float* turned() { return taken(of_.width * of_.positions_stride()); }
  float* rows() { return taken(of_.context * of_.width_stride()); }

  static shape extents(const attention_extents& of, std::int64_t scores, std::int64_t turned, std::int64_t rows) {
    return {scores * of.block() * of.positions_stride() + turned * of.width * of.positions_stride() +
            rows * of.context * of.width_stride()};
  }

private:
  float* taken(std::int64_t count) { return std::exchange(next_, next_ + count); }

  const attention_extents& of_;
  float* next_;
};

// The rows of a head, brought together from rows that others share.
void bring_rows(const attention_extents& of, const float* from, std::int64_t stride, float* to) {
  for (std::int64_t row = 0; row < of.context; ++row, from += stride, to += of.width_stride()) {
    std::copy_n(from, of.width, to);
    std::fill(to + of.width, to + of.width_stride(), 0.0f);
  }
}

void put_rows(const attention_extents& of, const float* from, float* to, std::int64_t stride) {
  for (std::int64_t row = 0; row < of.context; ++row, from += of.width_stride(), to += stride)
    std::copy_n(from, of.width, to);
}

// Rows of a head, as bring_rows() has them, to columns.
void turn(const attention_extents& of, const float* rows, float* to) {
  for (std::int64_t c = 0; c < of.width; ++c, to += of.positions_stride()) {
#pragma omp simd
    for (std::int64_t row = 0; row < of.context; ++row) to[row] = rows[row * of.width_stride() + c];
    std::fill(to + of.context, to + of.positions_stride(), 0.0f);
  }
}

// to [queries, keys] = factor * rows [queries, width] turned [width, keys]
void multiply_turned(const attention_extents& of, const query_range& range, float factor, const float* rows,
                     std::int64_t stride, const float* turned, float* to) {
  multiply_tiles({.rows = range.rows,
                  .columns = whole_vectors(range.keys),
                  .depth = of.width,
                  .a = rows,
                  .a_row = stride,
                  .a_column = 1,
                  .b = turned,
                  .b_row = of.positions_stride(),
                  .c = to,
                  .c_row = of.positions_stride(),
                  .alpha = factor,
                  .only = of.causal ? triangle::columns : triangle::none,
                  .diagonal = range.first});
}

// to [queries, width] = factor * scores [queries, keys] rows [keys, width]
void multiply_keys(const attention_extents& of, const query_range& range, float factor, const float* scores,
                   const float* rows, float* to) {
  multiply_tiles({.rows = range.rows,
                  .columns = of.width_stride(),
                  .depth = range.keys,
                  .a = scores,
                  .a_row = of.positions_stride(),
                  .a_column = 1,
                  .b = rows,
                  .b_row = of.width_stride(),
                  .c = to,
                  .c_row = of.width_stride(),
                  .alpha = factor,
                  .only = of.causal ? triangle::depth : triangle::none,
                  .diagonal = range.first});
}

// to [keys, width] = factor * scores^T [keys, queries] rows [queries, width], or that added
void multiply_queries(const attention_extents& of, const query_range& range, float factor, const float* scores,
                      const float* rows, float* to, bool adds) {
  multiply_tiles({.rows = range.keys,
                  .columns = of.width_stride(),
                  .depth = range.rows,
                  .a = scores,
                  .a_row = 1,
                  .a_column = of.positions_stride(),
                  .b = rows,
                  .b_row = of.width_stride(),
                  .c = to,
                  .c_row = of.width_stride(),
                  .alpha = factor,
                  .adds = adds,
                  .only = of.causal ? triangle::above : triangle::none,
                  .diagonal = range.first});
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

constexpr std::int64_t scores_of_forward = 1, turned_of_forward = 1, rows_of_forward = 3;

void attend(const attention_extents& of, const attention_addresses& to, std::int64_t sample, std::int64_t head,
            float* memory) {
  const packed_head<const float> in(of, to.qkv, sample, head);
  auto* const y = to.y + sample * of.context * of.features() + head * of.width;
  auto* const kept = to.log_sum_exp ? to.log_sum_exp + (sample * of.heads + head) * of.context : nullptr;
  head_memory own(of, memory);
  auto *const scores = own.scores(), *const keys = own.turned(), *const rows = own.rows(), *const values = own.rows(),
              *const sums = own.rows();
  bring_rows(of, in.k, of.packed(), rows);
  turn(of, rows, keys);
  bring_rows(of, in.v, of.packed(), values);
  for (std::int64_t block = 0; block < of.blocks(); ++block) {
    const auto range = block_of_queries(of, block);
    float normalisers[query_block];
    multiply_turned(of, range, of.scale() * log2_e, in.q + range.first * of.packed(), of.packed(), keys, scores);
    for (std::int64_t r = 0; r < range.rows; ++r) {
      const auto row = range.first + r;
      const auto made = exponentials(scores + r * of.positions_stride(), of.visible(row), range.keys);
      normalisers[r] = 1 / made.sum;
      if (kept) kept[row] = (made.largest + std::log2(made.sum)) * ln_2;
    }
    multiply_keys(of, range, 1, scores, values, sums);
    for (std::int64_t r = 0; r < range.rows; ++r) {
      const auto* const sum = sums + r * of.width_stride();
      auto* const out = y + (range.first + r) * of.features();
#pragma omp simd
      for (std::int64_t c = 0; c < of.width; ++c) out[c] = sum[c] * normalisers[r];
    }
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

constexpr std::int64_t scores_of_backward = 2, turned_of_backward = 2, rows_of_backward = 7;

// The last block first: of the keys it alone reaches all, so it writes what the others add to.
void attend_backward(const attention_extents& of, const attention_backward_addresses& to, std::int64_t sample,
                     std::int64_t head, float* memory) {
  const packed_head<const float> in(of, to.qkv, sample, head);
  const packed_head<float> out(of, to.dqkv, sample, head);
  const auto outputs = sample * of.context * of.features() + head * of.width;
  const auto *dy = to.dy + outputs, *y = to.y + outputs;
  const auto* const kept = to.log_sum_exp + (sample * of.heads + head) * of.context;
  const auto stride = of.positions_stride(), features = of.features(), width = of.width_stride();
  head_memory own(of, memory);
  auto *const scores = own.scores(), *const gradients = own.scores(), *const keys_turned = own.turned(),
              *const values_turned = own.turned(), *const q = own.rows(), *const k = own.rows(), *const v = own.rows(),
              *const above = own.rows(), *const dq = own.rows(), *const dk = own.rows(), *const dv = own.rows();
  bring_rows(of, in.q, of.packed(), q);
  bring_rows(of, in.k, of.packed(), k);
  bring_rows(of, in.v, of.packed(), v);
  bring_rows(of, dy, features, above);
  turn(of, k, keys_turned);
  turn(of, v, values_turned);
  const auto blocks = of.blocks();
  for (auto block = blocks; block-- > 0;) {
    const auto range = block_of_queries(of, block);
    const auto first = range.first * width;
    const bool adds = block != blocks - 1;
    multiply_turned(of, range, of.scale() * log2_e, q + first, width, keys_turned, scores);
    multiply_turned(of, range, 1, above + first, width, values_turned, gradients);
    for (std::int64_t r = 0; r < range.rows; ++r) {
      const auto row = range.first + r;
      backward_row(scores + r * stride, gradients + r * stride, kept[row], dy + row * features, y + row * features,
                   of.width, of.visible(row), range.keys);
    }
    multiply_queries(of, range, 1, scores, above + first, dv, adds);
    multiply_queries(of, range, of.scale(), gradients, q + first, dk, adds);
    multiply_keys(of, range, of.scale(), gradients, k, dq + first);
  }
  put_rows(of, dq, out.q, of.packed());
  put_rows(of, dk, out.k, of.packed());
  put_rows(of, dv, out.v, of.packed());
}

attention_extents extents_of(const tensor& qkv, std::int64_t heads, bool causal) {
  assert(qkv.extents().rank() == 3 && qkv.columns() % (3 * heads) == 0 && "packed rows are of whole heads");
  return {qkv.extents()[0], qkv.extents()[1], heads, qkv.columns() / (3 * heads), causal};
}

} // namespace

void cpu_operators::attention(stream& s, const attention_arguments& of) {
  const auto extents = extents_of(of.qkv, of.heads, of.causal);
  assert(of.y.elements() == of.qkv.elements() / 3);
  const auto scratch =
    make_tensor(s, head_memory::extents(extents, scores_of_forward, turned_of_forward, rows_of_forward));
  const attention_addresses to{of.qkv.f32(), of.y.f32(), of.log_sum_exp ? of.log_sum_exp->f32() : nullptr};
  host(s).launch([=, memory = scratch.f32()] {
    for_heads(extents, [&](std::int64_t sample, std::int64_t head) { attend(extents, to, sample, head, memory); });
  });
}

void cpu_operators::attention_backward(stream& s, const attention_backward_arguments& of) {
  const auto extents = extents_of(of.qkv, of.heads, of.causal);
  assert(of.dy.elements() == of.y.elements() && of.dqkv.elements() == of.qkv.elements());
  const auto scratch =
    make_tensor(s, head_memory::extents(extents, scores_of_backward, turned_of_backward, rows_of_backward));
  const attention_backward_addresses to{of.dy.f32(), of.qkv.f32(), of.y.f32(), of.log_sum_exp.f32(), of.dqkv.f32()};
  host(s).launch([=, memory = scratch.f32()] {
    for_heads(extents,
              [&](std::int64_t sample, std::int64_t head) { attend_backward(extents, to, sample, head, memory); });
  });
}

} // namespace syngrad::cpu
