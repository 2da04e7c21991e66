// Some samples of a batch, which gradients and backward passes are of: chosen at random, each with the weight that
// makes weighted sums over them expect what sums over the whole batch are.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace syngrad {

struct chosen_samples {
  tensor numbers;       // i32 [n], ascending; null: all samples of the batch are meant
  tensor weights;       // f32 [n]: 1 / probability of being chosen
  std::int64_t all = 0; // samples of the batch

  explicit operator bool() const { return static_cast<bool>(numbers); }
  std::int64_t count() const { return numbers.elements(); }
};

// Of a tensor [samples of the batch, ...], or of all rows of those.
inline shape extents_of_chosen(const shape& of_all, const chosen_samples& chosen) {
  assert(chosen.all > 0 && of_all.rank() > 0 && of_all[0] % chosen.all == 0);
  std::array<std::int64_t, shape::max_rank> extents{};
  for (int axis = 0; axis < of_all.rank(); ++axis) extents[static_cast<std::size_t>(axis)] = of_all[axis];
  extents[0] = of_all[0] / chosen.all * chosen.count();
  return shape(std::span(extents).first(static_cast<std::size_t>(of_all.rank())));
}

// Their part of such a tensor; null stays null.
inline tensor gather_samples(stream& s, const tensor& of_all, const chosen_samples& chosen) {
  if (!of_all) return {};
  auto out = make_tensor(s, extents_of_chosen(of_all.extents(), chosen), of_all.type());
  s.ops().gather_samples(s, of_all, chosen.numbers, out);
  return out;
}

// What has the shape of that part: for caches that hold a tensor for its shape alone.
inline tensor shaped_as_chosen(const tensor& of_all, const chosen_samples& chosen) {
  return of_all.view(0, extents_of_chosen(of_all.extents(), chosen));
}

} // namespace syngrad
