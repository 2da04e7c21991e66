// With t = sqrt(2 / pi) (x + 0.044715 x^3) the tanh form is x / (1 + e^(-2 t)). The exact form takes the tail of the
// normal distribution by formula 7.1.26 of Abramowitz and Stegun, whose error is below 1.5e-7 of one: no digits cancel
// for negative x.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/vector_math.hpp"

#include <cmath>
#include <numbers>

namespace syngrad::cpu {

namespace {

struct gelu_parts {
  float share; // y / x: how much of x passes
  float slope; // d share / dx
};

// The exact form: Phi(x) and its derivative.
inline gelu_parts exact_parts(float x) {
  constexpr float root_half = std::numbers::sqrt2_v<float> / 2;
  constexpr float density_at_zero = std::numbers::inv_sqrtpi_v<float> * root_half;
  const float size = std::fabs(x) * root_half;
  const float bell = fast_exp(-size * size);
  const float t = 1 / (1 + 0.3275911f * size);
  float sum = 1.061405429f;
  sum = sum * t - 1.453152027f;
  sum = sum * t + 1.421413741f;
  sum = sum * t - 0.284496736f;
  sum = sum * t + 0.254829592f;
  const float tail = 0.5f * sum * t * bell;
  return {x < 0 ? tail : 1 - tail, density_at_zero * bell};
}

inline gelu_parts tanh_parts(float x) {
  constexpr float twice_root = 2 * std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>;
  constexpr float cubic = 0.044715f, largest_power = 80;
  const float square = x * x;
  const float power = -twice_root * (x + cubic * square * x);
  const float share = 1 / (1 + fast_exp(power > largest_power ? largest_power : power));
  return {share, share * (1 - share) * twice_root * (1 + 3 * cubic * square)};
}

using parts_of_gelu = gelu_parts (*)(float);

template <parts_of_gelu parts_of>
void gelu_forward(const float* x, std::int64_t count, float* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] = x[i] * parts_of(x[i]).share;
}

template <parts_of_gelu parts_of>
void gelu_gradient(const float* dy, const float* x, std::int64_t count, float* dx) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const auto parts = parts_of(x[i]);
    dx[i] = dy[i] * (parts.share + x[i] * parts.slope);
  }
}

} // namespace

void cpu_operators::gelu(stream& s, const tensor& x, gelu_approximation how, tensor& y) {
  assert(x.elements() == y.elements());
  const auto work = how == gelu_approximation::tanh ? gelu_forward<tanh_parts> : gelu_forward<exact_parts>;
  host(s).launch([work, in = x.f32(), out = y.f32(), count = y.elements()] { work(in, count, out); });
}

void cpu_operators::gelu_backward(stream& s, const tensor& dy, const tensor& x, gelu_approximation how, tensor& dx) {
  assert(dy.elements() == dx.elements() && x.elements() == dx.elements());
  const auto work = how == gelu_approximation::tanh ? gelu_gradient<tanh_parts> : gelu_gradient<exact_parts>;
  host(s).launch(
    [work, above = dy.f32(), in = x.f32(), below = dx.f32(), count = dx.elements()] { work(above, in, count, below); });
}

} // namespace syngrad::cpu
