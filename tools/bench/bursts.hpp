// The two halves of a pair that `syngrad bench` compares: a step's products alone, and the whole training.
//
// The products are those of one training step of a multilayer perceptron, in the layouts that the models use:
//
//   forward    y [batch, out] = x [batch, in] * W [out, in]^T
//   gradient   dW [out, in]   = dy^T * x
//   backward   dx [batch, in] = dy * W                           (not below the first layer)
//   predict    g [batch, n]   = h * P [n, n]^T                   (linear predictor at every hidden layer's output)
//   train      g again, then dP [n, n] = (g - target)^T * h
//
// Alone, on the same operators, they are the peak that a step is measured against.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct step_product {
  std::size_t a, b, c; // indices into step_products::buffers
  transpose transpose_a, transpose_b;
  float beta;    // 1 where bias and label terms were put into c before
  double flops;  // 2 m n k
  bool repeated; // the same product a second time: part of the step as it is run, not of what it needs
};

struct step_products {
  std::vector<shape> buffers;
  std::vector<step_product> list;

  double flops() const;        // of a step as it is run
  double needed_flops() const; // without what is repeated
};

// `widths`: of the input, of every hidden layer, of the classes.
step_products backpropagation_products(const std::vector<std::int64_t>& widths, std::int64_t batch);
// The same, and a linear predictor at every hidden layer's output.
step_products synthetic_linear_products(const std::vector<std::int64_t>& widths, std::int64_t batch);

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

struct training_speed {
  double steps_per_s = 0;
  double processor_s = 0; // of a step, of all threads of this process
};

// Runs the real training on random data for a short time.
struct training_burst {
  std::string model;
  std::string policy; // predictors are conditioned on labels; a group a unit
  std::int64_t batch = 256;
  int threads = 1;
  bool cuda_graphs = false;
  std::string predictor = "linear";
  std::string optimizer = "adam";
  bool recompute = false;

  // Of a training of `steps` steps, without its start-up.
  result<training_speed> run(std::int64_t steps, const dataset& data, device& where) const;
};

} // namespace syngrad::tools
