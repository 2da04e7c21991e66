#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/systematic_sample.hpp"

#include <cmath>
#include <cstring>

namespace syngrad::cpu {

namespace {

void lengths_of(const float* gradient, std::int64_t samples, std::int64_t of_sample, float* lengths) {
  for (std::int64_t i = 0; i < samples; ++i, gradient += of_sample) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t e = 0; e < of_sample; ++e) sum += gradient[e] * gradient[e];
    lengths[i] = std::sqrt(sum);
  }
}

} // namespace

void cpu_operators::choose_samples(stream& s, const choose_samples_arguments& of) {
  const auto wanted = of.samples.elements();
  assert(wanted <= of.of && of.weights.elements() == wanted && of.by_length >= 0 && of.by_length < 1);
  tensor lengths;
  const float* gradient = nullptr;
  std::int64_t of_sample = 0;
  if (of.gradient) {
    assert(of.gradient->elements() % of.of == 0);
    lengths = make_tensor(s, {of.of});
    gradient = of.gradient->f32();
    of_sample = of.gradient->elements() / of.of;
  }
  host(s).launch([gradient, of_sample, found = lengths ? lengths.f32() : nullptr, count = of.of, wanted,
                  by_length = of.by_length, start = of.start, numbers = of.samples.i32(), weights = of.weights.f32()] {
    if (gradient) lengths_of(gradient, count, of_sample, found);
    systematic_sample{found, count, wanted, by_length}.draw(start, numbers, weights);
  });
}

void cpu_operators::gather_samples(stream& s, const tensor& source, const tensor& samples, tensor& out) {
  const auto count = samples.elements();
  assert(source.type() == out.type() && (count == 0 || out.elements() % count == 0));
  const auto bytes = count == 0 ? 0 : out.bytes() / static_cast<std::size_t>(count);
  assert(bytes == 0 || source.bytes() % bytes == 0);
  host(s).launch([from = static_cast<const char*>(source.data()), numbers = samples.i32(),
                  to = static_cast<char*>(out.data()), count, bytes] {
    for (std::int64_t i = 0; i < count; ++i)
      std::memcpy(to + static_cast<std::size_t>(i) * bytes, from + static_cast<std::size_t>(numbers[i]) * bytes, bytes);
  });
}

} // namespace syngrad::cpu
