// Small makers of tensors.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

inline tensor make_zeros(stream& s, const shape& extents) {
  auto made = make_tensor(s, extents);
  s.ops().fill(s, made, 0);
  return made;
}

// The same elements in another shape; null stays null.
inline tensor shaped_as(const tensor& x, const shape& wanted) {
  return !x || x.extents() == wanted ? x : x.view(0, wanted);
}

} // namespace syngrad
