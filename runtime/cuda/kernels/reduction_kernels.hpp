// Sums over whole tensors, in double: blocks of a fixed length first, then their totals. And the loss of a batch:
// softmax and cross-entropy in one pass over the logits of each row, and a sum over the rows.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

constexpr std::int64_t summed_block = 8192; // terms that one block of threads sums

constexpr std::int64_t blocks_of(std::int64_t count) {
  return count == 0 ? 1 : (count + summed_block - 1) / summed_block;
}

struct products {
  double ab = 0, aa = 0, bb = 0;
};

SYNGRAD_HOST_DEVICE inline products joined(products x, products y) {
  return {x.ab + y.ab, x.aa + y.aa, x.bb + y.bb};
}

struct agreement_kernel {
  using value = products;

  const float *a, *b;
  products* parts;
  std::int64_t count;

  SYNGRAD_HOST_DEVICE products empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(products& total, std::int64_t block, std::int64_t i) const {
    const auto at = block * summed_block + i;
    if (at >= count) return;
    const double x = a[at], y = b[at];
    total = joined(total, {x * y, x * x, y * y});
  }
  SYNGRAD_HOST_DEVICE products join(products x, products y) const { return joined(x, y); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t block, products total) const { parts[block] = total; }
};

struct agreement_total_kernel {
  using value = products;

  const products* parts;
  float* out;

  SYNGRAD_HOST_DEVICE products empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(products& total, std::int64_t, std::int64_t i) const { total = joined(total, parts[i]); }
  SYNGRAD_HOST_DEVICE products join(products x, products y) const { return joined(x, y); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, products total) const {
    out[0] = static_cast<float>(total.ab);
    out[1] = static_cast<float>(total.aa);
    out[2] = static_cast<float>(total.bb);
  }
};

struct sum_squares_kernel {
  using value = double;

  const float* x;
  double* parts;
  std::int64_t count;

  SYNGRAD_HOST_DEVICE double empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(double& total, std::int64_t block, std::int64_t i) const {
    const auto at = block * summed_block + i;
    if (at < count) total += static_cast<double>(x[at]) * static_cast<double>(x[at]);
  }
  SYNGRAD_HOST_DEVICE double join(double a, double b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t block, double total) const { parts[block] = total; }
};

struct sum_total_kernel {
  using value = double;

  const double* parts;
  float* out;

  SYNGRAD_HOST_DEVICE double empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(double& total, std::int64_t, std::int64_t i) const { total += parts[i]; }
  SYNGRAD_HOST_DEVICE double join(double a, double b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, double total) const { *out = static_cast<float>(total); }
};

// Room for `count` values of a type that tensors do not know; pools align it.
template <class Value, class Launcher>
tensor parts_scratch(Launcher& on, std::int64_t count) {
  return on.scratch({count * std::int64_t{sizeof(Value)} / std::int64_t{sizeof(float)}});
}

template <class Launcher>
void agreement(Launcher& on, const tensor& a, const tensor& b, tensor& out) {
  assert(a.elements() == b.elements() && out.elements() == 3);
  const auto blocks = blocks_of(a.elements());
  const auto scratch = parts_scratch<products>(on, blocks);
  auto* parts = reinterpret_cast<products*>(scratch.f32());
  on.reduce_rows(blocks, summed_block, agreement_kernel{a.f32(), b.f32(), parts, a.elements()});
  on.reduce_rows(1, blocks, agreement_total_kernel{parts, out.f32()});
}

template <class Launcher>
void sum_squares(Launcher& on, const tensor& x, tensor& out) {
  assert(out.elements() == 1);
  const auto blocks = blocks_of(x.elements());
  const auto scratch = parts_scratch<double>(on, blocks);
  auto* parts = reinterpret_cast<double*>(scratch.f32());
  on.reduce_rows(blocks, summed_block, sum_squares_kernel{x.f32(), parts, x.elements()});
  on.reduce_rows(1, blocks, sum_total_kernel{parts, out.f32()});
}

// ---- softmax and cross-entropy

// Of the logits seen so far: the largest, where it stands first, the sum of exp(logit - largest)
// (Milakov and Gimelshein, arXiv 1805.02867), and the sum of the logits themselves.
struct softmax_part {
  float largest = -HUGE_VALF;
  std::int64_t at = -1;
  float sum = 0;
  float logits = 0;
};

// A logit that is NaN or +Inf makes the sum NaN, and so the loss and the gradient.
SYNGRAD_HOST_DEVICE inline softmax_part part_of(float logit, std::int64_t at) {
  const auto itself = logit == -HUGE_VALF ? 0.0f : logit - logit + 1; // exp(logit - logit)
  return {logit, at, itself, logit};
}

SYNGRAD_HOST_DEVICE inline float rescaled(softmax_part part, float largest) {
  return part.sum == 0 ? 0.0f : part.sum * std::exp(part.largest - largest);
}

SYNGRAD_HOST_DEVICE inline softmax_part joined(softmax_part a, softmax_part b) {
  const bool second = a.at < 0 || b.largest > a.largest || (b.largest == a.largest && b.at >= 0 && b.at < a.at);
  const auto& top = second ? b : a;
  return {top.largest, top.at, rescaled(a, top.largest) + rescaled(b, top.largest), a.logits + b.logits};
}

// loss = log(sum exp(x - max)) - (target.x - max); the gradient is softmax(x) - target.
struct cross_entropy_kernel {
  using value = softmax_part;

  const float* logits;
  const std::int32_t* labels;
  float* gradient; // may be null
  float* results;  // [rows, 3]: loss, whether the prediction is wrong, whether there is a label
  std::int64_t classes;
  float smoothing;

  SYNGRAD_HOST_DEVICE softmax_part empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(softmax_part& total, std::int64_t row, std::int64_t k) const {
    total = joined(total, part_of(logits[row * classes + k], k));
  }
  SYNGRAD_HOST_DEVICE softmax_part join(softmax_part a, softmax_part b) const { return joined(a, b); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t row, softmax_part total) const {
    const auto label = labels[row];
    auto* const result = results + 3 * row;
    result[0] = result[1] = result[2] = 0;
    if (label == no_label) return;
    auto at_target = logits[row * classes + label] - total.largest;
    if (smoothing != 0)
      at_target =
        (1 - smoothing) * at_target + smoothing * (total.logits / static_cast<float>(classes) - total.largest);
    const auto loss = std::log(total.sum) - at_target;
    result[0] = loss;
    result[1] = loss != loss || total.at != label ? 1.0f : 0.0f;
    result[2] = 1;
  }
  SYNGRAD_HOST_DEVICE void apply(std::int64_t row, std::int64_t k, softmax_part total) const {
    if (!gradient) return;
    const auto i = row * classes + k;
    const auto label = labels[row];
    const auto target = (k == label ? 1 - smoothing : 0.0f) + smoothing / static_cast<float>(classes);
    gradient[i] = label == no_label ? 0.0f : std::exp(logits[i] - total.largest) / total.sum - target;
  }
};

struct loss_sums {
  double loss = 0, wrong = 0, labelled = 0;
};

struct loss_sum_kernel {
  using value = loss_sums;

  const float* results;
  float* out;

  SYNGRAD_HOST_DEVICE loss_sums empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(loss_sums& total, std::int64_t, std::int64_t row) const {
    total.loss += static_cast<double>(results[3 * row]);
    total.wrong += static_cast<double>(results[3 * row + 1]);
    total.labelled += static_cast<double>(results[3 * row + 2]);
  }
  SYNGRAD_HOST_DEVICE loss_sums join(loss_sums a, loss_sums b) const {
    return {a.loss + b.loss, a.wrong + b.wrong, a.labelled + b.labelled};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, loss_sums total) const {
    out[0] = total.labelled > 0 ? static_cast<float>(total.loss / total.labelled) : 0.0f;
    out[1] = static_cast<float>(total.wrong);
  }
};

template <class Launcher>
void softmax_cross_entropy(Launcher& on, const cross_entropy_arguments& of) {
  const auto rows = of.logits.rows(), classes = of.logits.columns();
  assert(of.labels.elements() == rows && of.result.elements() == 2 && rows > 0);
  const auto row_results = on.scratch({rows, 3});
  on.reduce_rows(rows, classes,
                 cross_entropy_kernel{of.logits.f32(), of.labels.i32(), of.gradient ? of.gradient->f32() : nullptr,
                                      row_results.f32(), classes, of.smoothing});
  on.reduce_rows(1, rows, loss_sum_kernel{row_results.f32(), of.result.f32()});
}

} // namespace syngrad::cuda::kernels
