#include "tools/bench/step_products.hpp"

namespace syngrad::tools {

namespace {

class builder {
public:
  std::size_t buffer(shape extents) {
    made.buffers.push_back(extents);
    return made.buffers.size() - 1;
  }

  // c [rows of op(a), columns of op(b)]
  void multiply(std::size_t a, transpose ta, std::size_t b, transpose tb, std::size_t c, float beta = 0,
                bool repeated = false) {
    const auto& left = made.buffers[a];
    const auto inner = ta == transpose::yes ? left[0] : left[1];
    const auto flops = 2.0 * static_cast<double>(made.buffers[c].elements()) * static_cast<double>(inner);
    made.list.push_back({a, b, c, ta, tb, beta, flops, repeated});
  }

  step_products made;
};

struct linear_buffers {
  std::size_t weight, weight_gradient, output, output_gradient;
};

linear_buffers make_linear(builder& b, std::int64_t inputs, std::int64_t outputs, std::int64_t batch) {
  return {b.buffer({outputs, inputs}), b.buffer({outputs, inputs}), b.buffer({batch, outputs}),
          b.buffer({batch, outputs})};
}

void forward(builder& b, std::size_t x, const linear_buffers& layer, bool with_bias, bool repeated = false) {
  b.multiply(x, transpose::no, layer.weight, transpose::yes, layer.output, with_bias ? 1.0f : 0.0f, repeated);
}

void weight_gradient(builder& b, std::size_t x, const linear_buffers& layer) {
  b.multiply(layer.output_gradient, transpose::yes, x, transpose::no, layer.weight_gradient);
}

step_products build(const std::vector<std::int64_t>& widths, std::int64_t batch, bool with_predictors) {
  constexpr auto no = transpose::no;
  builder b;
  const auto input = b.buffer({batch, widths.front()});
  std::vector<linear_buffers> layers;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) layers.push_back(make_linear(b, widths[i], widths[i + 1], batch));
  const auto x_of = [&](std::size_t i) { return i == 0 ? input : layers[i - 1].output; };

  // In the order of a run: up through the layers, each with its predictor, then down.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool last = i + 1 == layers.size();
    forward(b, x_of(i), layers[i], last); // hidden layers have BatchNorm's bias instead
    if (last || !with_predictors) continue;
    const auto predictor = make_linear(b, widths[i + 1], widths[i + 1], batch);
    const auto h = layers[i].output;
    forward(b, h, predictor, true);
    forward(b, h, predictor, true, true); // training computes its own prediction
    weight_gradient(b, h, predictor);
  }
  for (auto i = layers.size(); i-- > 0;) {
    weight_gradient(b, x_of(i), layers[i]);
    if (i > 0) b.multiply(layers[i].output_gradient, no, layers[i].weight, no, layers[i - 1].output_gradient);
  }
  return std::move(b.made);
}

} // namespace

double step_products::flops() const {
  double sum = 0;
  for (const auto& product : list) sum += product.flops;
  return sum;
}

double step_products::needed_flops() const {
  double sum = 0;
  for (const auto& product : list) sum += product.repeated ? 0 : product.flops;
  return sum;
}

step_products backpropagation_products(const std::vector<std::int64_t>& widths, std::int64_t batch) {
  return build(widths, batch, false);
}

step_products synthetic_linear_products(const std::vector<std::int64_t>& widths, std::int64_t batch) {
  return build(widths, batch, true);
}

} // namespace syngrad::tools
