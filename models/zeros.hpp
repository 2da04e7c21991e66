// A tensor that begins at zero.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

inline tensor make_zeros(stream& s, const shape& extents) {
  auto made = make_tensor(s, extents);
  s.ops().fill(s, made, 0);
  return made;
}

} // namespace syngrad
