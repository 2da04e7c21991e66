#include "models/layers/residual.hpp"

#include "models/chosen_samples.hpp"
#include "runtime/operators.hpp"

#include <algorithm>

namespace syngrad {

// The cache: the inner layers' part, the skip's, and y where there is a ReLU.

residual::residual(layer_list inner, layer_list skip, options how)
  : inner_(std::move(inner)), skip_(std::move(skip), "skip."), options_(how) {}

std::string residual::describe() const {
  return "residual (" + inner_.describe() + ")" + (skip_.empty() ? "" : " + skip (" + skip_.describe() + ")") +
         (options_.relu ? " + relu" : "");
}

result<sample_spec> residual::infer(const sample_spec& below) const {
  if (inner_.empty()) return error::setting("holds no layers and takes at least one");
  const auto made = inner_.infer(below);
  if (!made) return made;
  const auto beside = skip_.infer(below);
  if (!beside) return beside.failure().prefixed("has a skip that ");
  if (*beside == *made) return made;
  return error::setting("adds " + beside->to_string() + " of its skip to " + made->to_string() +
                        " of its layers and takes a skip that gives those");
}

double residual::multiply_adds(const sample_spec& below) const {
  const auto sums = static_cast<double>(inner_.infer(below).value().elements() + below.elements());
  return inner_.multiply_adds(below) + skip_.multiply_adds(below) + (options_.relu ? 2 : 1) * sums;
}

std::int64_t residual::least_samples(const sample_spec& below) const {
  return std::max(inner_.least_samples(below), skip_.least_samples(below));
}

std::size_t residual::cached_tensors() const {
  return inner_.cached_tensors() + skip_.cached_tensors() + (options_.relu ? 1 : 0);
}

std::vector<carrying_part*> residual::carrying_parts() {
  auto all = inner_.carrying_parts();
  const auto more = skip_.carrying_parts();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void residual::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all, layer_cache of_chosen) const {
  const auto inner = inner_.cached_tensors(), skip = skip_.cached_tensors();
  inner_.gather_cache(s, chosen, of_all.first(inner), of_chosen.first(inner));
  skip_.gather_cache(s, chosen, of_all.subspan(inner, skip), of_chosen.subspan(inner, skip));
  if (options_.relu) of_chosen.back() = gather_samples(s, of_all.back(), chosen);
}

std::vector<parameter*> residual::parameters() {
  auto all = inner_.parameters();
  const auto more = skip_.parameters();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void residual::initialize(stream& s, random_source& random) {
  inner_.initialize(s, random);
  skip_.initialize(s, random);
}

tensor residual::forward(stream& s, const tensor& x, phase now, layer_cache cache) {
  const bool keeps = !cache.empty();
  const auto of_inner = cache.first(keeps ? inner_.cached_tensors() : 0);
  const auto of_skip = cache.subspan(of_inner.size(), keeps ? skip_.cached_tensors() : 0);
  const auto inner = inner_.forward(s, x, now, of_inner), skip = skip_.forward(s, x, now, of_skip);
  auto y = make_tensor(s, inner.extents());
  s.ops().sum_branches(s, inner, skip, options_.relu, y);
  if (keeps && options_.relu) cache.back() = y;
  return y;
}

tensor residual::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  auto passed = dy;
  if (options_.relu) {
    passed = make_tensor(s, dy.extents());
    s.ops().relu_backward(s, dy, cache.back(), passed);
  }
  const auto of_inner = cache.first(inner_.cached_tensors());
  const auto of_skip = cache.subspan(of_inner.size(), skip_.cached_tensors());
  const auto inner = inner_.backward(s, passed, of_inner, wanted), skip = skip_.backward(s, passed, of_skip, wanted);
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, inner.extents());
  s.ops().sum_branches(s, inner, skip, false, dx);
  return dx;
}

} // namespace syngrad
