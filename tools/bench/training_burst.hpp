// Runs the real training on random data for a short time: the other half of a pair with product_burst.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"

#include <string>

namespace syngrad::tools {

// Random bytes and labels; a test set so small that the evaluation at the end costs nothing.
dataset random_dataset(std::int64_t features, std::int32_t classes, std::int64_t count);

struct training_burst {
  std::string model;
  std::string policy; // with the linear predictor, conditioned on labels; a group a unit
  std::int64_t batch = 256;
  int threads = 1;
  bool cuda_graphs = false;

  // Steps per second of a training of `steps` steps, without its start-up.
  result<double> run(std::int64_t steps, const dataset& data, device& where) const;
};

} // namespace syngrad::tools
