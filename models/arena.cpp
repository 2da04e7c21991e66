#include "models/arena.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

namespace {

constexpr std::int64_t alignment = 16; // floats

tensor make_zeros(stream& owner, std::int64_t elements) {
  if (elements == 0) return {};
  auto zeros = make_tensor(owner, {elements});
  owner.ops().fill(owner, zeros, 0);
  return zeros;
}

} // namespace

std::int64_t padded(std::int64_t elements) {
  return (elements + alignment - 1) / alignment * alignment;
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

  values_ = make_zeros(owner, trained);
  gradients_ = make_zeros(owner, trained);
  state_ = make_zeros(owner, untrained);

  untrained = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& range = ranges_[i];
    auto weights = range.first, outputs = weights + range.weights, others = range.first + range.decaying;
    for (auto* each : layers[i]) {
      const bool is_weight = each->kind == parameter_kind::weight;
      auto& next = !each->trained() ? untrained : is_weight ? weights : each->decays() ? outputs : others;
      if (is_weight) weights_.push_back({next, each->extents[0], each->extents.elements() / each->extents[0]});
      each->value = (each->trained() ? values_ : state_).view(next, each->extents);
      if (each->trained()) each->gradient = gradients_.view(next, each->extents);
      next += padded(each->extents.elements());
    }
  }
}

learned_state arena::learned() const {
  learned_state out;
  for (const auto* each : {&values_, &gradients_, &state_}) out.add(*each);
  return out;
}

tensor arena::make_moment(stream& owner) const {
  return make_zeros(owner, values_ ? values_.elements() : 0);
}

} // namespace syngrad
