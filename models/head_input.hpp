// What a local head sees of an activation: n = layer-norm(h) of each row, without weights. Where a sample has positions
// but one label, n is of what its map is pooled to: 2 x 2 parts of an image, the mean of a sequence.
//
// Plain values; enqueues on the stream that it is given.
#pragma once

#include "models/synthetic_gradient_model.hpp"
#include "runtime/operators/window.hpp"

#include <optional>

namespace syngrad {

class head_input {
public:
  // What it has made of a batch, a row for each label.
  struct seen {
    tensor normal;     // n [labels, inputs]
    tensor statistics; // of the layer norm [2, labels]
    tensor pooled;     // what was normalised [labels, inputs]
  };

  explicit head_input(const predictor_task& task) : pooling_(pooling_of(task)), inputs_(inputs_of(task)) {}

  std::int64_t inputs() const { return inputs_; } // of a label
  static std::int64_t inputs_of(const predictor_task&);

  // h [rows, features] or [samples, rows * features].
  seen see(stream&, const tensor& h) const;
  // A scalar that is not finite where h is not: a row's mean is not where one of its elements is not.
  tensor guard_of(stream&, const seen&) const;
  // `at_normal` [labels, inputs], a gradient at n, through layer norm and pooling, to h's shape.
  tensor through_normal(stream&, const seen&, const tensor& at_normal, const shape& of_h) const;

private:
  // The positions of a sample with one label as an image: a sequence is one of width 1.
  struct pooling {
    shape image;     // [height, width, features]
    window2d window; // of the parts that it is pooled to
    std::int64_t parts() const { return window.output_of({image[0], image[1]}).positions(); }
  };
  static std::optional<pooling> pooling_of(const predictor_task&); // none: each row is a sample
  tensor parts_of(const tensor& pooled) const;

  std::optional<pooling> pooling_;
  std::int64_t inputs_;
};

} // namespace syngrad
