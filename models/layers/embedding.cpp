#include "models/layers/embedding.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

embedding::embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, const options& how)
  : weight_("weight", {num_embeddings, embedding_dim}, parameter_kind::embedding),
    position_("position", {how.positions, embedding_dim}, parameter_kind::embedding), options_(how) {}

std::string embedding::describe() const {
  return "embedding " + std::to_string(entries()) + "->" + std::to_string(features()) +
         (options_.positions > 0 ? ", " + std::to_string(options_.positions) + " positions" : "");
}

result<sample_spec> embedding::infer(const sample_spec& below) const {
  const bool long_enough =
    options_.positions == 0 || (below.extents.rank() == 1 && below.elements() <= options_.positions);
  const bool known = below.is_numbers() && below.categories > 0 && below.categories <= entries();
  if (!known || !long_enough || below.extents.rank() + 2 > shape::max_rank)
    return error::setting("takes " +
                          (options_.positions > 0 ? "up to " + std::to_string(options_.positions) + " " : "") +
                          "numbers below " + std::to_string(entries()));
  return sample_spec{below.extents.of_rows(features())};
}

double embedding::multiply_adds(const sample_spec& below) const {
  return 2.0 * static_cast<double>(below.elements() * features()); // rows are moved, and added to the gradients
}

std::vector<parameter*> embedding::parameters() {
  if (options_.positions > 0) return {&weight_, &position_};
  return {&weight_};
}

void embedding::initialize(stream& s, random_source& random) {
  for (auto* each : parameters()) initialize_normal(s, each->value, options_.deviation, random);
}

tensor embedding::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, x.extents().of_rows(features()));
  tensor positions; // those of a sample
  if (options_.positions > 0) positions = position_.value.view(0, {x.extents()[1], features()});
  s.ops().embedding(s, {.tokens = x, .weight = weight_.value, .position = positions ? &positions : nullptr, .y = y});
  if (!cache.empty()) cache[0] = x;
  return y;
}

tensor embedding::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  make_or_defer(s, 0, dy, cache, wanted);
  return {};
}

void embedding::backward_parameters(stream& s, int, const tensor& dy, layer_cache cache, bool accumulate) {
  const auto& x = cache[0];
  s.ops().embedding_backward(s, dy, x, accumulate, weight_.gradient);
  if (options_.positions == 0) return;
  const auto samples = x.extents()[0], of_sample = x.extents()[1] * features();
  if (!accumulate && x.extents()[1] < options_.positions) s.ops().fill(s, position_.gradient, 0);
  auto gradient = position_.gradient.view(0, {of_sample});
  s.ops().sum_rows(s, dy.view(0, {samples, of_sample}), accumulate ? 1.0f : 0.0f, gradient);
}

} // namespace syngrad
