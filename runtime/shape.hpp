// The extents of a tensor, row-major, outermost first: [batch, features] for activations and gradients.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace syngrad {

class shape {
public:
  static constexpr int max_rank = 4;

  shape() = default;
  shape(std::initializer_list<std::int64_t> extents) {
    assert(extents.size() <= max_rank);
    for (auto extent : extents) extents_[rank_++] = extent;
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[axis]; }
  std::int64_t rows() const { return rank_ == 0 ? 1 : extents_[0]; }
  // Elements of one row: the product of all extents but the first.
  std::int64_t columns() const { return rows() == 0 ? 0 : elements() / rows(); }
  std::int64_t elements() const {
    std::int64_t count = 1;
    for (int axis = 0; axis < rank_; ++axis) count *= extents_[axis];
    return count;
  }

  friend bool operator==(const shape&, const shape&) = default;

  std::string to_string() const {
    std::string text = "[";
    for (int axis = 0; axis < rank_; ++axis) text += (axis ? ", " : "") + std::to_string(extents_[axis]);
    return text + "]";
  }

private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

} // namespace syngrad
