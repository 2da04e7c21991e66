// `--residual-weight`: how much of what a prediction missed is added later: a fixed part, or `auto`.
//
// auto: w = 1 / (1 + c / (1 - c) (d / 8)^2), with d the updates between prediction and correction, and c the mean
// cosine of the interface's predictions with what was received for them, within 0.5 and 0.95. Fresh corrections count
// in full. Late ones are of weights that have moved on, and feed back: an update that comes d updates late overshoots
// by d times what it does, so what is borne of it falls quickly with d. Good predictions leave less to correct. Bad
// ones do not raise the weight: a predictor has learnt something after a few batches, and what late gradients have
// spoilt until then is not made up for later: with c from 0 on, so a weight of 1 in the first updates, the error
// was 6.45 at d = 30.
//
// Fitted to 784-256x3-10 in four groups, ridge, Adam 1e-3, 1,000 steps of 256 MNIST images; test error in % by weight,
// with corrections d updates late at every interface (in the first row 6, 4 and 2):
//
// | d     | 0    | 0.1  | 0.3  | 0.5  | 1    | auto is   |
// |-------|------|------|------|------|------|-----------|
// | chain | 1.83 |      | 1.66 |      | 1.71 | 0.7 to 0.9|
// | 10    | 2.08 |      | 1.78 |      | 2.05 | 0.2 to 0.4|
// | 30    | 2.88 | 3.14 | 4.21 | 5.02 | 6.78 | 0.02 to 0.06 |
#pragma once

#include "actors/prediction_quality.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

struct residual_weight {
  std::optional<float> fixed = 1.0f; // null: auto

  // "auto", or a number from 0 to 1; fails with what was expected.
  static result<residual_weight> parse(const std::string& text);
  std::string text() const; // as parse() reads it

  bool is_automatic() const { return !fixed; }
  // Of a residual that is `staleness` updates late.
  float of(std::int64_t staleness, const prediction_quality&) const;
};

} // namespace syngrad
