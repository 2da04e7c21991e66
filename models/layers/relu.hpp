// y = max(0, x), [batch, features]. The cache holds y: no gradient passes where it is 0.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class relu : public layer {
public:
  explicit relu(std::int64_t features) : features_(features) {}

  std::string describe() const override { return "relu " + std::to_string(features_); }
  std::int64_t inputs() const override { return features_; }
  std::int64_t outputs() const override { return features_; }
  double multiply_adds() const override { return 2.0 * static_cast<double>(features_); }

  tensor forward(stream&, const tensor& x, phase, layer_cache* cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache& cache, backward_request) override;

private:
  std::int64_t features_;
};

} // namespace syngrad
