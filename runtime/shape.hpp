// The extents of a tensor, row-major, outermost first: [batch, positions..., features] for activations and gradients.
// A row is one position of one sample.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace syngrad {

class shape {
public:
  static constexpr int max_rank = 5;

  shape() = default;
  shape(std::initializer_list<std::int64_t> extents) : shape(std::span(extents.begin(), extents.size())) {}
  explicit shape(std::span<const std::int64_t> extents) {
    assert(extents.size() <= max_rank);
    for (auto extent : extents) extents_[rank_++] = extent;
  }
  static shape of_batch(std::int64_t samples, const shape& of_sample) {
    assert(of_sample.rank_ < max_rank);
    shape out{samples};
    for (int axis = 0; axis < of_sample.rank_; ++axis) out.extents_[out.rank_++] = of_sample.extents_[axis];
    return out;
  }
  // The same rows with another number of features.
  shape with_features(std::int64_t features) const {
    assert(rank_ > 0);
    auto out = *this;
    out.extents_[rank_ - 1] = features;
    return out;
  }
  // An axis more: each element becomes a row of so many features.
  shape of_rows(std::int64_t features) const {
    assert(rank_ < max_rank);
    auto out = *this;
    out.extents_[out.rank_++] = features;
    return out;
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[axis]; }
  // The product of all extents but the last; of one axis each element is a row.
  std::int64_t rows() const {
    std::int64_t count = rank_ == 1 ? extents_[0] : 1;
    for (int axis = 0; axis + 1 < rank_; ++axis) count *= extents_[axis];
    return count;
  }
  std::int64_t columns() const { return rank_ < 2 ? 1 : extents_[rank_ - 1]; } // elements of a row
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
