#include "models/layers/flatten.hpp"

namespace syngrad {

std::string flatten::describe() const {
  return "flatten " + sample_spec{below_}.to_string();
}

result<sample_spec> flatten::infer(const sample_spec& below) const {
  if (below != sample_spec{below_}) return error{"takes " + sample_spec{below_}.to_string()};
  return sample_spec{{below.elements()}};
}

tensor flatten::forward(stream&, const tensor& x, phase, layer_cache) {
  return x.view(0, {x.elements() / below_.elements(), below_.elements()});
}

tensor flatten::backward(stream&, const tensor& dy, layer_cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  return dy.view(0, shape::of_batch(dy.rows(), below_));
}

} // namespace syngrad
