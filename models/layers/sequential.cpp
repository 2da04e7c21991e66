#include "models/layers/sequential.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

sequential::sequential(layer_list layers, const std::string& prefix) : layers_(std::move(layers)) {
  for (std::size_t i = 0; i < layers_.size(); ++i)
    for (auto* each : layers_[i]->parameters()) each->name = fmt::format("{}{}.{}", prefix, i, each->name);
}

std::string sequential::describe() const {
  std::string text;
  for (const auto& each : layers_) text += (text.empty() ? "" : "; ") + each->describe();
  return text;
}

result<sample_spec> sequential::infer(const sample_spec& below) const {
  auto spec = below;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto made = layers_[i]->infer(spec);
    if (!made)
      return error{made.kind(), fmt::format("holds layer {} ({}), which {} and gets {}", i, layers_[i]->describe(),
                                            made.message(), spec.to_string())};
    spec = *made;
  }
  return spec;
}

double sequential::multiply_adds(const sample_spec& below) const {
  double sum = 0;
  auto spec = below;
  for (const auto& each : layers_) {
    sum += each->multiply_adds(spec);
    spec = each->infer(spec).value();
  }
  return sum;
}

std::int64_t sequential::least_samples(const sample_spec& below) const {
  std::int64_t most = 1;
  auto spec = below;
  for (const auto& each : layers_) {
    most = std::max(most, each->least_samples(spec));
    spec = each->infer(spec).value();
  }
  return most;
}

std::vector<carrying_part*> sequential::carrying_parts() {
  std::vector<carrying_part*> all;
  for (const auto& each : layers_) {
    const auto these = each->carrying_parts();
    all.insert(all.end(), these.begin(), these.end());
  }
  return all;
}

std::size_t sequential::cached_tensors() const {
  std::size_t count = 0;
  for (const auto& each : layers_) count += each->cached_tensors();
  return count;
}

bool sequential::works_by_position() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const auto& each) { return each->works_by_position(); });
}

bool sequential::goes_back_by_samples() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const auto& each) { return each->goes_back_by_samples(); });
}

void sequential::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all,
                              layer_cache of_chosen) const {
  for (const auto& each : layers_) {
    const auto own = each->cached_tensors();
    each->gather_cache(s, chosen, of_all.first(own), of_chosen.first(own));
    of_all = of_all.subspan(own);
    of_chosen = of_chosen.subspan(own);
  }
}

void sequential::continue_evaluations(bool wanted) {
  for (const auto& each : layers_) each->continue_evaluations(wanted);
}

std::vector<parameter*> sequential::parameters() {
  std::vector<parameter*> all;
  for (const auto& each : layers_) {
    const auto these = each->parameters();
    all.insert(all.end(), these.begin(), these.end());
  }
  return all;
}

void sequential::initialize(stream& s, random_source& random) {
  for (const auto& each : layers_) each->initialize(s, random);
}

tensor sequential::forward(stream& s, const tensor& x, phase now, layer_cache cache) {
  auto y = x;
  for (const auto& each : layers_) {
    const auto own = cache.empty() ? 0 : each->cached_tensors();
    y = each->forward(s, y, now, cache.first(own));
    cache = cache.subspan(own);
  }
  return y;
}

tensor sequential::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  auto gradient = dy;
  for (auto i = layers_.size(); i-- > 0;) {
    const auto own = layers_[i]->cached_tensors();
    auto here = wanted;
    here.input_gradient = i > 0 || wanted.input_gradient;
    gradient = layers_[i]->backward(s, gradient, cache.last(own), here);
    cache = cache.first(cache.size() - own);
  }
  return wanted.input_gradient ? gradient : tensor();
}

} // namespace syngrad
