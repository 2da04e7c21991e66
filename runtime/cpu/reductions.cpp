// Float sums over blocks, double sums across them: as fast as memory, and accurate for any length.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/vector_math.hpp"
#include "runtime/device.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

constexpr std::int64_t sum_block = 4096;

struct products {
  double ab = 0, aa = 0, bb = 0;
};

// Two independent sums of each kind, one for each half of the block: a single one would wait for its own additions.
void add_block(const float* a, const float* b, std::int64_t count, products& total) {
  const auto half = count / 2;
  const auto *a2 = a + half, *b2 = b + half;
  float ab = 0, aa = 0, bb = 0, ab2 = 0, aa2 = 0, bb2 = 0;
#pragma omp simd reduction(+ : ab, aa, bb, ab2, aa2, bb2)
  for (std::int64_t i = 0; i < half; ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab2 += a2[i] * b2[i];
    aa2 += a2[i] * a2[i];
    bb2 += b2[i] * b2[i];
  }
  if (count % 2) {
    const auto last_a = a[count - 1], last_b = b[count - 1];
    ab += last_a * last_b;
    aa += last_a * last_a;
    bb += last_b * last_b;
  }
  total.ab += static_cast<double>(ab) + static_cast<double>(ab2);
  total.aa += static_cast<double>(aa) + static_cast<double>(aa2);
  total.bb += static_cast<double>(bb) + static_cast<double>(bb2);
}

double block_squares(const float* x, std::int64_t count) {
  const auto half = count / 2;
  const auto* x2 = x + half;
  float sum = 0, sum2 = 0;
#pragma omp simd reduction(+ : sum, sum2)
  for (std::int64_t i = 0; i < half; ++i) {
    sum += x[i] * x[i];
    sum2 += x2[i] * x2[i];
  }
  if (count % 2) sum += x[count - 1] * x[count - 1];
  return static_cast<double>(sum) + static_cast<double>(sum2);
}

struct row_result {
  float loss;
  bool wrong;
};

// loss = log(sum exp(x - max)) - (x[label] - max), where smoothing puts the target's mean of x instead of x[label]. A
// row with a NaN or +Inf has a NaN loss, and counts as wrong. `exponentials` has room for a row, and may be `gradient`.
row_result cross_entropy_row(const float* logits, std::int64_t classes, std::int32_t label, float smoothing,
                             float* exponentials, float* gradient) {
  assert(label >= 0 && label < classes && "a label is outside the logits");
  float largest = logits[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t k = 0; k < classes; ++k) largest = logits[k] > largest ? logits[k] : largest;
#pragma omp simd
  for (std::int64_t k = 0; k < classes; ++k) exponentials[k] = accurate_exp(logits[k] - largest);
  float sum = 0;
  for (std::int64_t k = 0; k < classes; ++k) sum += exponentials[k];
  auto at_target = logits[label] - largest;
  const auto each = smoothing / static_cast<float>(classes);
  if (smoothing != 0) {
    at_target *= 1 - smoothing;
    for (std::int64_t k = 0; k < classes; ++k) at_target += each * (logits[k] - largest);
  }
  const auto loss = std::log(sum) - at_target;
  if (gradient) {
    const auto normaliser = 1.0f / sum;
#pragma omp simd
    for (std::int64_t k = 0; k < classes; ++k) gradient[k] = exponentials[k] * normaliser - each;
    gradient[label] -= 1 - smoothing;
  }
  std::int32_t as_large_before = 0;
#pragma omp simd reduction(+ : as_large_before)
  for (std::int64_t k = 0; k < label; ++k) as_large_before += logits[k] == largest ? 1 : 0;
  return {loss, std::isnan(loss) || logits[label] != largest || as_large_before > 0};
}

} // namespace

void cpu_operators::agreement(stream& s, const tensor& a, const tensor& b, tensor& out) {
  assert(a.elements() == b.elements() && out.elements() == 3);
  host(s).launch([left = a.f32(), right = b.f32(), result = out.f32(), count = a.elements()] {
    products total;
    for (std::int64_t i = 0; i < count; i += sum_block)
      add_block(left + i, right + i, std::min(sum_block, count - i), total);
    result[0] = static_cast<float>(total.ab);
    result[1] = static_cast<float>(total.aa);
    result[2] = static_cast<float>(total.bb);
  });
}

void cpu_operators::sum_squares(stream& s, const tensor& x, tensor& out) {
  assert(out.elements() == 1);
  host(s).launch([in = x.f32(), result = out.f32(), count = x.elements()] {
    double total = 0;
    for (std::int64_t i = 0; i < count; i += sum_block) total += block_squares(in + i, std::min(sum_block, count - i));
    *result = static_cast<float>(total);
  });
}

void cpu_operators::softmax_cross_entropy(stream& s, const cross_entropy_arguments& of) {
  const auto rows = of.logits.rows(), classes = of.logits.columns();
  assert(of.labels.elements() == rows && of.result.elements() == 2 && rows > 0);
  float* out = of.gradient ? of.gradient->f32() : nullptr;
  // Returned to the pool when this call ends, and given out again only to work that follows on this stream or waits.
  const auto scratch = out ? tensor{} : make_tensor(s, {classes});
  host(s).launch([=, one_row = out ? nullptr : scratch.f32(), in = of.logits.f32(), row_labels = of.labels.i32(),
                  totals = of.result.f32(), smoothing = of.smoothing] {
    double loss = 0;
    std::int64_t wrong = 0, labelled = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      auto* const row_gradient = out ? out + r * classes : nullptr;
      if (row_labels[r] == no_label) {
        if (row_gradient) std::fill_n(row_gradient, classes, 0.0f);
        continue;
      }
      const auto row = cross_entropy_row(in + r * classes, classes, row_labels[r], smoothing,
                                         row_gradient ? row_gradient : one_row, row_gradient);
      loss += static_cast<double>(row.loss);
      wrong += row.wrong;
      ++labelled;
    }
    totals[0] = labelled ? static_cast<float>(loss / static_cast<double>(labelled)) : 0.0f;
    totals[1] = static_cast<float>(wrong);
  });
}

} // namespace syngrad::cpu
