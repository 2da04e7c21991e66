// What must hold of every layer of float inputs: gradients by finite differences, accumulation, late gradients,
// evaluation.
#pragma once

#include "tests/models/bound_layer.hpp"
#include "tests/models/finite_differences.hpp"

#include <vector>

namespace syngrad {

inline void check_finite_differences(bench& b, const bound_layer& tested, std::int64_t batch) {
  auto x = b.normal(tested.input.of(batch));
  const auto dy = b.normal(tested.output.of(batch));
  auto cache = tested.cache();
  const auto y = tested.it->forward(b.s, x, phase::train, cache);
  REQUIRE(y.extents() == dy.extents());
  const auto dx = tested.it->backward(b.s, dy, cache, {});
  REQUIRE(dx.extents() == x.extents());

  const auto loss = [&] {
    auto unused = tested.cache();
    return weighted_sum(tested.it->forward(b.s, x, phase::train, unused), dy);
  };
  check_gradient(values(x), values(dx), loss);
  for (auto* parameter : tested.it->parameters())
    if (parameter->trained()) check_gradient(values(parameter->value), values(parameter->gradient), loss);
}

// Accumulating adds to the parameter gradients, and asking for no gradient computes none.
inline void check_accumulation(bench& b, const bound_layer& tested, std::int64_t batch) {
  auto first = tested.cache(), second = tested.cache();
  tested.it->forward(b.s, b.normal(tested.input.of(batch)), phase::train, first);
  tested.it->forward(b.s, b.normal(tested.input.of(batch)), phase::train, second);
  const auto dy = b.normal(tested.output.of(batch));

  tested.it->backward(b.s, dy, first, {});
  const auto of_first = gradients_of(*tested.it);
  tested.it->backward(b.s, dy, second, {});
  const auto of_second = gradients_of(*tested.it);
  const auto only_input = tested.it->backward(b.s, dy, first, {.parameter_gradient = false});
  CHECK(only_input);
  CHECK(gradients_of(*tested.it) == of_second);

  const auto none = tested.it->backward(b.s, dy, first, {.input_gradient = false, .accumulate = true});
  CHECK_FALSE(none);
  if (of_first.empty()) return;
  auto expected = of_first;
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += of_second[i];
  CHECK(relative_distance(gradients_of(*tested.it), expected) < tolerance::products);
}

// Batches in flight do not disturb each other, whatever the order of their gradients.
inline void check_late_gradients(bench& b, const bound_layer& tested, std::int64_t batch) {
  const auto x1 = b.normal(tested.input.of(batch)), x2 = b.normal(tested.input.of(batch));
  const auto dy1 = b.normal(tested.output.of(batch)), dy2 = b.normal(tested.output.of(batch));

  auto cache1 = tested.cache(), cache2 = tested.cache();
  tested.it->forward(b.s, x1, phase::train, cache1);
  const auto dx1 = to_vector(tested.it->backward(b.s, dy1, cache1, {}));
  const auto gradients1 = gradients_of(*tested.it);
  tested.it->forward(b.s, x2, phase::train, cache2);
  const auto dx2 = to_vector(tested.it->backward(b.s, dy2, cache2, {}));
  const auto gradients2 = gradients_of(*tested.it);

  auto late1 = tested.cache(), late2 = tested.cache();
  tested.it->forward(b.s, x1, phase::train, late1);
  tested.it->forward(b.s, x2, phase::train, late2);
  CHECK(to_vector(tested.it->backward(b.s, dy2, late2, {})) == dx2);
  CHECK(gradients_of(*tested.it) == gradients2);
  CHECK(to_vector(tested.it->backward(b.s, dy1, late1, {})) == dx1);
  CHECK(gradients_of(*tested.it) == gradients1);
}

// A backward pass that leaves gradients of parameters to later gives what one at once gives, bit for bit, also where it
// adds to what is there and others come in between.
inline void check_two_parts(bench& b, const bound_layer& tested, std::int64_t batch) {
  const auto x1 = b.normal(tested.input.of(batch)), x2 = b.normal(tested.input.of(batch));
  const auto dy1 = b.normal(tested.output.of(batch)), dy2 = b.normal(tested.output.of(batch));
  auto cache1 = tested.cache(), cache2 = tested.cache();
  tested.it->forward(b.s, x1, phase::train, cache1);
  tested.it->forward(b.s, x2, phase::train, cache2);
  const auto dx1 = to_vector(tested.it->backward(b.s, dy1, cache1, {}));
  const auto dx2 = to_vector(tested.it->backward(b.s, dy2, cache2, {.accumulate = true}));
  const auto expected = gradients_of(*tested.it);

  std::vector<deferred_gradient> first, second;
  const auto complete = [&](std::vector<deferred_gradient>& left, bool accumulate) {
    for (const auto& each : left) each.of->backward_parameters(b.s, each.part, each.dy, each.cache, accumulate);
  };
  CHECK(to_vector(tested.it->backward(b.s, dy1, cache1, {.deferred = &first})) == dx1);
  CHECK(to_vector(tested.it->backward(b.s, dy2, cache2, {.accumulate = true, .deferred = &second})) == dx2);
  complete(first, false);
  complete(second, true);
  CHECK(gradients_of(*tested.it) == expected);
}

} // namespace syngrad
