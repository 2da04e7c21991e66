// Float sums over blocks, double sums across them: as fast as memory, and accurate for any length.
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/guard.hpp"
#include "runtime/host_stream.hpp"

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

void cpu_operators::zero_unless_finite(stream& s, const tensor& guard, tensor& target) {
  assert(guard.elements() == 1);
  host(s).launch([condition = guard.f32(), out = target.f32(), count = target.elements()] {
    if (!lets_pass(condition)) std::fill_n(out, count, 0.0f);
  });
}

} // namespace syngrad::cpu
