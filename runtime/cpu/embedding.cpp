#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>

namespace syngrad::cpu {

void cpu_operators::embedding(stream& s, const embedding_arguments& of) {
  const auto count = of.tokens.elements(), columns = of.weight.columns(), entries = of.weight.rows();
  assert(of.y.elements() == count * columns);
  const auto* const positions = of.position ? of.position->f32() : nullptr;
  const auto context = of.position ? of.position->rows() : 1;
  assert(count % context == 0 && "whole samples");
  host(s).launch([=, tokens = of.tokens.i32(), weight = of.weight.f32(), out = of.y.f32()] {
    for (std::int64_t i = 0; i < count; ++i) {
      assert(tokens[i] >= 0 && tokens[i] < entries && "a token is outside the table");
      const auto* const entry = weight + tokens[i] * columns;
      auto* const to = out + i * columns;
      if (!positions) {
        std::copy_n(entry, columns, to);
        continue;
      }
      const auto* const position = positions + i % context * columns;
#pragma omp simd
      for (std::int64_t c = 0; c < columns; ++c) to[c] = entry[c] + position[c];
    }
  });
  static_cast<void>(entries);
}

void cpu_operators::embedding_backward(stream& s, const tensor& dy, const tensor& tokens, bool accumulate,
                                       tensor& dweight) {
  sum_rows_by_label(s, dy, tokens, accumulate ? 1.0f : 0.0f, dweight, nullptr);
}

} // namespace syngrad::cpu
