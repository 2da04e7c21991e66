#include "models/parameter.hpp"

#include "runtime/operators.hpp"

#include <vector>

namespace syngrad {

void initialize_uniform(stream& s, tensor& target, double bound, random_source& random) {
  std::vector<float> values(static_cast<std::size_t>(target.elements()));
  for (auto& value : values) value = static_cast<float>(random.uniform(-bound, bound));
  s.ops().upload(s, values.data(), target);
}

} // namespace syngrad
