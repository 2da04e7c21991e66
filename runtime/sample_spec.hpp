// What one sample of an input, a target or an activation is: its shape, without the batch, and its element type.
//
// Channels last: [positions..., features]. A row is one position of one sample, so that a batch of them is a matrix
// [rows, features] whatever the number of positions. Of i32 each number (a label, a token) is a row. Plain values.
#pragma once

#include "runtime/tensor.hpp"

#include <string>

namespace syngrad {

struct sample_spec {
  shape extents;               // {}: one number, such as a label
  dtype type = dtype::f32;     //
  std::int32_t categories = 0; // of i32: its numbers are below; 0: any

  std::int64_t elements() const { return extents.elements(); }
  std::int64_t features() const { return extents.rank() == 0 || is_numbers() ? 1 : extents[extents.rank() - 1]; }
  std::int64_t rows() const { return features() == 0 ? 0 : elements() / features(); } // of a sample
  bool is_numbers() const { return type == dtype::i32; }

  // Of a batch.
  shape of(std::int64_t samples) const { return shape::of_batch(samples, extents); }

  // "784 features", "28x28x1", "64 numbers".
  std::string to_string() const {
    if (extents.rank() < 2) return std::to_string(elements()) + (is_numbers() ? " numbers" : " features");
    std::string text;
    for (int axis = 0; axis < extents.rank(); ++axis) text += (axis ? "x" : "") + std::to_string(extents[axis]);
    return text;
  }

  friend bool operator==(const sample_spec&, const sample_spec&) = default;
};

// What people count of samples: their tokens, where they are made of tokens, else samples.
struct counted_unit {
  std::string name = "samples", one = "sample";
  std::int64_t a_sample = 1; // of them in a sample
};

inline counted_unit unit_of(const sample_spec& input) {
  return input.is_numbers() ? counted_unit{"tokens", "token", input.elements()} : counted_unit{};
}

// One label of each sample, below `classes`.
inline sample_spec label_spec(std::int32_t classes) {
  return {{}, dtype::i32, classes};
}

} // namespace syngrad
