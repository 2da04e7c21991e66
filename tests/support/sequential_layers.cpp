#include "tests/support/sequential_layers.hpp"

#include "runtime/data/batch_order.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"

namespace syngrad::test {

namespace {

tensor make_zeros_like(stream& s, const shape& extents) {
  auto zeros = make_tensor(s, extents);
  s.ops().fill(s, zeros, 0);
  return zeros;
}

// The batch of these samples, as inputs [samples, ...] and labels.
struct plain_batch {
  tensor x, labels;
};

plain_batch gather_plainly(stream& s, const dataset& data, std::span<const std::int64_t> samples) {
  const auto count = static_cast<std::int64_t>(samples.size());
  const auto elements = data.input.elements(), targets = data.target.elements();
  plain_batch out{make_tensor(s, data.input.of(count), data.input.type), make_tensor(s, {count * targets}, dtype::i32)};
  std::vector<std::int32_t> labels(static_cast<std::size_t>(count * targets));
  if (data.train.is_text()) {
    std::vector<std::int32_t> tokens(static_cast<std::size_t>(count * elements));
    copy_windows(data.train, data.input.categories, samples, tokens, labels);
    s.ops().upload(s, tokens.data(), out.x);
  } else {
    std::vector<float> values;
    labels.clear();
    for (const auto row : samples) {
      const auto* first = data.train.floats.data() + row * elements;
      values.insert(values.end(), first, first + elements);
      labels.push_back(data.train.labels[static_cast<std::size_t>(row)]);
    }
    s.ops().upload(s, values.data(), out.x);
  }
  s.ops().upload(s, labels.data(), out.labels);
  return out;
}

} // namespace

sequential_layers::sequential_layers(stream& s, network net, std::uint64_t seed) : s_(s), net_(std::move(net)) {
  for (auto& unit : net_.units)
    for (auto& each : unit) layers_.push_back(each.get());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    caches_.emplace_back(layers_[i]->cached_tensors());
    for (auto* each : layers_[i]->parameters()) {
      each->value = make_zeros_like(s_, each->extents);
      if (!each->trained()) continue;
      each->gradient = make_zeros_like(s_, each->extents);
      moments_.push_back({make_zeros_like(s_, each->extents), make_zeros_like(s_, each->extents)});
    }
    random_source random(seed, i);
    layers_[i]->initialize(s_, random);
  }
}

float sequential_layers::step(const tensor& x, const tensor& labels, float learning_rate) {
  auto y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) y = layers_[i]->forward(s_, y, phase::train, caches_[i]);
  const auto logits = y.view(0, {y.rows(), y.columns()});
  auto result = make_tensor(s_, {2});
  auto gradient = make_tensor(s_, logits.extents());
  s_.ops().softmax_cross_entropy(s_, {logits, labels, &gradient, result});
  auto dy = gradient.view(0, y.extents());
  for (auto i = layers_.size(); i-- > 0;) dy = layers_[i]->backward(s_, dy, caches_[i], {.input_gradient = i > 0});
  ++steps_;
  auto moment = moments_.begin();
  for (auto* each_layer : layers_)
    for (auto* each : each_layer->parameters()) {
      if (!each->trained()) continue;
      const step_arguments arguments{
        each->value, each->gradient, 1.0f / static_cast<float>(labels.elements()), learning_rate, 0, nullptr, nullptr};
      s_.ops().adam_step(s_, arguments, moment->first, moment->second, 0.9f, 0.999f, 1e-8f, steps_, false);
      ++moment;
    }
  return result.f32()[0];
}

std::vector<sequential_layers::named_parameter> sequential_layers::parameters() {
  std::vector<named_parameter> all;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    for (const auto* each : layers_[i]->parameters())
      all.push_back({std::to_string(i) + "." + each->name, each->value});
  return all;
}

std::vector<float> train_layers(device& where, const dataset& data, network net, const layers_run& run) {
  auto& s = where.make_stream();
  sequential_layers layers(s, std::move(net), run.seed);
  auto order = order_samples(data, {.batch_size = run.batch_size, .seed = run.seed, .continuing = run.continuing});
  for (std::int64_t step = 0; step < run.steps; ++step) {
    const auto batch = gather_plainly(s, data, order->train.next());
    layers.step(batch.x.view(0, layers.net().input.of(run.batch_size)), batch.labels, run.learning_rate);
  }
  std::vector<float> all;
  for (const auto& each : layers.parameters())
    all.insert(all.end(), each.value.f32(), each.value.f32() + each.value.elements());
  return all;
}

} // namespace syngrad::test
