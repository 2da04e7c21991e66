#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/dropout_generator.hpp"
#include "runtime/philox.hpp"

#include <algorithm>

namespace syngrad::cpu {

namespace {

constexpr std::int64_t words_of_block = 4, elements_of_group = words_of_block * dropout_lanes;

// The random words of a group of elements, each block of a lane.
struct alignas(64) group_words {
  std::uint32_t at[elements_of_group];
};

group_words draw(const dropout_generator& from, std::int64_t group) {
  group_words out;
#pragma omp simd
  for (std::int64_t l = 0; l < dropout_lanes; ++l) {
    const auto words = philox(static_cast<std::uint64_t>(group * dropout_lanes + l), from.batch, from.key);
    for (int w = 0; w < words_of_block; ++w) out.at[w * dropout_lanes + l] = words.at[w];
  }
  return out;
}

struct dropout_addresses {
  const float* x;
  std::uint8_t* mask;
  float* y;
};

void drop(const dropout_addresses& to, std::int64_t count, const std::uint32_t* words, std::uint32_t below,
          float factor) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const bool kept = words[i] >= below;
    const auto value = to.x[i] * factor;
    to.mask[i] = kept;
    to.y[i] = kept ? value : 0.0f;
  }
}

} // namespace

void cpu_operators::dropout(stream& s, const dropout_arguments& of) {
  const auto count = of.x.elements();
  assert(of.mask.elements() == count && of.y.elements() == count && of.rate >= 0 && of.rate < 1);
  assert(of.generator.elements() == dropout_generator::numbers);
  const dropout_addresses to{of.x.f32(), of.mask.u8(), of.y.f32()};
  host(s).launch([=, state = of.generator.f32(), below = dropped_below(of.rate), factor = 1 / (1 - of.rate)] {
    auto generator = dropout_generator::read(state);
    for (std::int64_t first = 0; first < count; first += elements_of_group) {
      const auto words = draw(generator, first / elements_of_group);
      drop({to.x + first, to.mask + first, to.y + first}, std::min(elements_of_group, count - first), words.at, below,
           factor);
    }
    ++generator.batch;
    generator.write(state);
  });
}

void cpu_operators::dropout_backward(stream& s, const tensor& dy, const tensor& mask, float rate, tensor& dx) {
  assert(dy.elements() == dx.elements() && mask.elements() == dx.elements());
  host(s).launch(
    [above = dy.f32(), kept = mask.u8(), below = dx.f32(), count = dx.elements(), factor = 1 / (1 - rate)] {
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) {
        const auto passed = above[i] * factor;
        below[i] = kept[i] ? passed : 0.0f;
      }
    });
}

} // namespace syngrad::cpu
