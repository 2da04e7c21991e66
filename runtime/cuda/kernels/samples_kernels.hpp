// Passes that are of some samples of a batch: which, and their part of what belongs to the batch.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators/samples.hpp"
#include "runtime/systematic_sample.hpp"
#include "runtime/tensor.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

struct sample_lengths_kernel {
  using value = float;

  const float* gradient;
  float* lengths;
  std::int64_t of_sample;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& sum, std::int64_t sample, std::int64_t i) const {
    const auto each = gradient[sample * of_sample + i];
    sum += each * each;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t sample, float sum) const { lengths[sample] = std::sqrt(sum); }
};

// One thread draws them all: a batch has hundreds of samples, each of which depends on those before it.
struct draw_samples_kernel {
  systematic_sample from;
  double start;
  std::int32_t* numbers;
  float* weights;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t) const { from.draw(start, numbers, weights); }
};

template <class Launcher>
void choose_samples(Launcher& on, const choose_samples_arguments& of) {
  const auto wanted = of.samples.elements();
  assert(wanted <= of.of && of.weights.elements() == wanted && of.by_length >= 0 && of.by_length < 1);
  tensor lengths;
  if (of.gradient) {
    const auto of_sample = of.gradient->elements() / of.of;
    lengths = on.scratch({of.of});
    on.reduce_rows(of.of, of_sample, sample_lengths_kernel{of.gradient->f32(), lengths.f32(), of_sample});
  }
  on.each(1, draw_samples_kernel{{lengths ? lengths.f32() : nullptr, of.of, wanted, of.by_length},
                                 of.start,
                                 of.samples.i32(),
                                 of.weights.f32()});
}

template <class Word>
struct gather_samples_kernel {
  const Word* source;
  const std::int32_t* samples;
  Word* out;
  std::int64_t of_sample;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t sample, std::int64_t i) const {
    out[sample * of_sample + i] = source[samples[sample] * of_sample + i];
  }
};

template <class Word, class Launcher>
void gather_words(Launcher& on, const tensor& source, const tensor& samples, tensor& out) {
  const auto count = samples.elements(), of_sample = out.elements() / count;
  on.grid(count, of_sample,
          gather_samples_kernel<Word>{static_cast<const Word*>(source.data()), samples.i32(),
                                      static_cast<Word*>(out.data()), of_sample});
}

template <class Launcher>
void gather_samples(Launcher& on, const tensor& source, const tensor& samples, tensor& out) {
  assert(source.type() == out.type());
  if (out.elements() == 0) return;
  if (out.type() == dtype::u8)
    gather_words<std::uint8_t>(on, source, samples, out);
  else
    gather_words<std::uint32_t>(on, source, samples, out);
}

} // namespace syngrad::cuda::kernels
