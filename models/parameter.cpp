#include "models/parameter.hpp"

#include "runtime/operators.hpp"

#include <vector>

namespace syngrad {

namespace {

template <class Draw>
void initialize_with(stream& s, tensor& target, Draw draw) {
  if (!s.owner().does_work()) return; // the numbers of a large network take memory of their own
  std::vector<float> values(static_cast<std::size_t>(target.elements()));
  for (auto& value : values) value = static_cast<float>(draw());
  s.ops().upload(s, values.data(), target);
}

} // namespace

bool mark_output_weight(std::span<parameter* const> of_layer) {
  for (auto i = of_layer.size(); i-- > 0;)
    if (of_layer[i]->decays()) {
      of_layer[i]->kind = parameter_kind::output_weight;
      return true;
    }
  return false;
}

void initialize_uniform(stream& s, tensor& target, double bound, random_source& random) {
  initialize_with(s, target, [&] { return random.uniform(-bound, bound); });
}

void initialize_normal(stream& s, tensor& target, double deviation, random_source& random) {
  initialize_with(s, target, [&] { return deviation * random.normal(); });
}

} // namespace syngrad
