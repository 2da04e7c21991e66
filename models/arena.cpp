#include "models/arena.hpp"

#include "runtime/operators.hpp"

#include <algorithm>

namespace syngrad {

namespace {

constexpr std::int64_t alignment = 16; // floats

arena_parameter placed(const parameter& of, std::int64_t first) {
  const bool is_matrix = of.extents.rank() >= 2;
  const auto rows = is_matrix ? of.extents[0] : 1;
  return {first, rows, of.extents.elements() / rows, is_matrix, of.decays()};
}

} // namespace

std::int64_t padded(std::int64_t elements) {
  return (elements + alignment - 1) / alignment * alignment;
}

tensor make_zero_vector(stream& owner, std::int64_t elements, dtype type) {
  if (elements == 0) return {};
  auto zeros = make_tensor(owner, {elements}, type);
  if (type == dtype::f32) {
    owner.ops().fill(owner, zeros, 0);
  } else {
    const std::vector<std::byte> none(zeros.bytes());
    owner.ops().upload(owner, none.data(), zeros);
  }
  return zeros;
}

arena::arena(stream& owner, const std::vector<std::vector<parameter*>>& layers) {
  std::int64_t trained = 0;
  std::int64_t untrained = 0;
  for (const auto& parameters : layers) {
    arena_range range{trained};
    for (const auto* each : parameters) {
      const auto elements = each->extents.elements();
      (each->trained() ? trained : untrained) += padded(elements);
      if (each->trained()) trained_elements_ += elements;
      if (each->decays()) range.decaying += padded(elements);
      if (each->kind == parameter_kind::weight) range.weights += padded(elements);
    }
    range.count = trained - range.first;
    ranges_.push_back(range);
  }

  values_ = make_zero_vector(owner, trained);
  gradients_ = make_zero_vector(owner, trained);
  state_ = make_zero_vector(owner, untrained);

  untrained = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& range = ranges_[i];
    auto weights = range.first, outputs = weights + range.weights, others = range.first + range.decaying;
    for (auto* each : layers[i]) {
      const bool is_weight = each->kind == parameter_kind::weight;
      auto& next = !each->trained() ? untrained : is_weight ? weights : each->decays() ? outputs : others;
      if (each->trained()) parameters_.push_back(placed(*each, next));
      if (is_weight) weights_.push_back({next, each->extents[0], each->extents.elements() / each->extents[0]});
      each->value = (each->trained() ? values_ : state_).view(next, each->extents);
      if (each->trained()) each->gradient = gradients_.view(next, each->extents);
      next += padded(each->extents.elements());
    }
  }
  std::ranges::sort(parameters_, {}, &arena_parameter::first);
}

learned_state arena::learned() const {
  learned_state out;
  for (const auto* each : {&values_, &gradients_, &state_}) out.add(*each);
  return out;
}

tensor arena::make_moment(stream& owner, dtype type) const {
  return make_zero_vector(owner, values_ ? values_.elements() : 0, type);
}

} // namespace syngrad
