#include "models/layers/dropout.hpp"

#include "runtime/dropout_generator.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

dropout::dropout(float rate)
  : generator_("generator", {dropout_generator::numbers}, parameter_kind::state), rate_(rate) {}

std::string dropout::describe() const {
  return "dropout " + format_real(rate_);
}

result<sample_spec> dropout::infer(const sample_spec& below) const {
  if (!(rate_ >= 0 && rate_ < 1)) return error::setting("takes a rate from 0 to below 1");
  if (below.type != dtype::f32 || below.extents.rank() == 0) return error::setting("takes features");
  return below;
}

double dropout::multiply_adds(const sample_spec& below) const {
  return 20.0 * static_cast<double>(below.elements()); // nearly all for a random word
}

void dropout::initialize(stream& s, random_source& random) {
  float numbers[dropout_generator::numbers];
  dropout_generator{random.bits(), 0}.write(numbers);
  s.ops().upload(s, numbers, generator_.value);
}

tensor dropout::forward(stream& s, const tensor& x, phase now, layer_cache cache) {
  if (now == phase::evaluate) return x;
  assert(!cache.empty() && "dropout needs a cache in training");
  auto y = make_tensor(s, x.extents()), mask = make_tensor(s, x.extents(), dtype::u8);
  s.ops().dropout(s, {.x = x, .rate = rate_, .generator = generator_.value, .mask = mask, .y = y});
  cache[0] = std::move(mask);
  return y;
}

tensor dropout::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, dy.extents());
  s.ops().dropout_backward(s, dy, cache[0], rate_, dx);
  return dx;
}

} // namespace syngrad
