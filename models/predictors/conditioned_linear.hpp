// y = x W^T + T[label] + b: a linear map of [x, one-hot label, 1] without the one-hot product. x [batch, inputs],
// W [outputs, inputs], T [classes, outputs], b [outputs]. The first stage of every trained predictor.
//
// Not a layer: it takes labels, and what feeds it wants no gradient from it. One stream at a time.
#pragma once

#include "models/parameter.hpp"
#include "runtime/device.hpp"
#include "runtime/random.hpp"

#include <vector>

namespace syngrad {

class conditioned_linear {
public:
  // classes == 0: not conditioned, and labels are ignored.
  conditioned_linear(std::int64_t inputs, std::int64_t outputs, std::int32_t classes, bool with_bias);

  std::int64_t outputs() const { return weight_.extents[0]; }
  std::vector<parameter*> parameters();
  // Uniform in +-1/sqrt(inputs + classes); otherwise all stays zero.
  void initialize(stream&, random_source&);
  double multiply_adds() const { return static_cast<double>(weight_.extents.elements()); } // forward, per sample

  tensor forward(stream&, const tensor& x, const tensor& labels);
  // Overwrites the parameter gradients.
  void backward(stream&, const tensor& x, const tensor& labels, const tensor& dy);

private:
  parameter weight_, table_, bias_;
  bool conditioned_, with_bias_;
};

} // namespace syngrad
