// Dropout: a thread draws one block of words, and decides on its elements.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/dropout_generator.hpp"
#include "runtime/operators.hpp"
#include "runtime/philox.hpp"

namespace syngrad::cuda::kernels {

struct dropout_kernel {
  const float *x, *generator;
  std::uint8_t* mask;
  float* y;
  std::int64_t count;
  std::uint32_t below;
  float factor;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t block) const {
    const auto state = dropout_generator::read(generator);
    const auto words = philox(static_cast<std::uint64_t>(block), state.batch, state.key);
    auto i = block / dropout_lanes * (4 * dropout_lanes) + block % dropout_lanes;
    for (int w = 0; w < 4 && i < count; ++w, i += dropout_lanes) {
      const bool kept = words.at[w] >= below;
      mask[i] = kept;
      y[i] = kept ? x[i] * factor : 0.0f;
    }
  }
};

// After all blocks of a batch were drawn.
struct next_batch_kernel {
  float* generator;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t) const {
    auto state = dropout_generator::read(generator);
    ++state.batch;
    state.write(generator);
  }
};

struct dropout_backward_kernel {
  const float* above;
  const std::uint8_t* mask;
  float* below;
  float factor;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { below[i] = mask[i] ? above[i] * factor : 0.0f; }
};

template <class Launcher>
void dropout(Launcher& on, const dropout_arguments& of) {
  const auto count = of.x.elements(), groups = (count + 4 * dropout_lanes - 1) / (4 * dropout_lanes);
  assert(of.mask.elements() == count && of.y.elements() == count && of.rate >= 0 && of.rate < 1);
  on.each(groups * dropout_lanes, dropout_kernel{of.x.f32(), of.generator.f32(), of.mask.u8(), of.y.f32(), count,
                                                 dropped_below(of.rate), 1 / (1 - of.rate)});
  on.each(1, next_batch_kernel{of.generator.f32()});
}

template <class Launcher>
void dropout_backward(Launcher& on, const tensor& dy, const tensor& mask, float rate, tensor& dx) {
  assert(dy.elements() == dx.elements() && mask.elements() == dx.elements());
  on.each(dx.elements(), dropout_backward_kernel{dy.f32(), mask.u8(), dx.f32(), 1 / (1 - rate)});
}

} // namespace syngrad::cuda::kernels
