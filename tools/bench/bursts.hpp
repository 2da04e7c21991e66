// The two halves of a pair that `syngrad bench` compares: a step's products alone, and the whole training.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"
#include "runtime/result.hpp"
#include "tools/bench/step_products.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

// Runs a list of products alone, over and over, on several threads at once.
//
// Every thread has buffers and a stream of its own and does the whole list. A few lists are under way on a stream at
// any time, so that a device that works late is never idle. Owns the buffers, so that bursts are warm.
class product_burst {
public:
  // `where` outlives the burst. Called by one thread, as is run().
  product_burst(step_products products, int threads, device& where);

  // For about `seconds`; returns whole lists per second, summed over the threads. Throws what the device throws.
  double run(double seconds);

private:
  struct lane {
    stream* order;
    std::vector<tensor> buffers;
  };

  void execute(lane&) const;
  double rate_of(lane&, double seconds) const;

  step_products products_;
  std::vector<lane> lanes_;
};

// Random bytes and labels; a test set so small that the evaluation at the end costs nothing.
dataset random_dataset(std::int64_t features, std::int32_t classes, std::int64_t count);

// Runs the real training on random data for a short time.
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
