// Whether work may change what lives longer than a batch: see the guards in runtime/operators.hpp.
#pragma once

#include "runtime/tensor.hpp"

namespace syngrad::cpu {

inline bool is_finite(float x) {
  return x - x == 0; // std::isfinite does not vectorise
}

// Read when the work is done. Null: it may.
inline bool lets_pass(const float* guard) {
  return !guard || is_finite(*guard);
}

inline const float* address_of(const tensor* guard) {
  return guard ? guard->f32() : nullptr;
}

} // namespace syngrad::cpu
