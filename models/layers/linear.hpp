// y = x W^T (+ b), with x [..., inputs], W [outputs, inputs], b [outputs].
//
// Backward: dW = dy^T x, db = sum over the rows of dy, dx = dy W. The cache holds x. Without a bias where a
// normalisation follows: its gradient would be rounding noise there.
#pragma once

#include "models/layer.hpp"

#include <variant>

namespace syngrad {

class linear : public layer {
public:
  // random: uniform in +-1/sqrt(inputs), weight first, then bias. zero: all zero, for last layers of predictors.
  enum class start : std::uint8_t { random, zero };
  // Weights normal with that deviation, the bias zero: as GPT-2's, whose layers in front of a sum with what is below
  // them have 0.02 / sqrt(2 blocks).
  struct normal_start {
    double deviation = 0.02;
  };

  linear(std::int64_t inputs, std::int64_t outputs, bool with_bias, start = start::random);
  linear(std::int64_t inputs, std::int64_t outputs, bool with_bias, normal_start);

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return 1; }
  bool works_by_position() const override { return true; }
  bool goes_back_by_samples() const override { return true; }

  std::vector<parameter*> parameters() override;
  void initialize(stream&, random_source&) override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;
  void backward_parameters(stream&, int part, const tensor& dy, layer_cache cache, bool accumulate) override;

private:
  std::int64_t inputs() const { return weight_.extents[1]; }
  std::int64_t outputs() const { return weight_.extents[0]; }

  parameter weight_;
  parameter bias_;
  bool with_bias_;
  std::variant<start, normal_start> start_;
};

} // namespace syngrad
