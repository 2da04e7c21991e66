#include "models/layers/relu.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

tensor relu::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, x.extents());
  s.ops().relu(s, x, y);
  if (!cache.empty()) cache[0] = y;
  return y;
}

tensor relu::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, dy.extents());
  s.ops().relu_backward(s, dy, cache[0], dx);
  return dx;
}

} // namespace syngrad
