// Passes that are of some samples of a batch: which, and their part of what belongs to the batch.
#pragma once

#include <cstdint>

namespace syngrad {

class stream;
class tensor;

// How samples are chosen; runtime/systematic_sample.hpp has the formulas.
struct choose_samples_arguments {
  const tensor* gradient; // f32 [samples * positions, features], of the loss: a sample's length follows from its part;
                          // null: all samples are alike
  double by_length;       // so much of a sample's probability follows its length, from 0 to below 1
  double start;           // random, in [0, 1)
  std::int64_t of;        // samples in the batch
  tensor& samples;        // i32 [n], n <= of: their numbers, ascending
  tensor& weights;        // f32 [n]: 1 / probability, so that weighted sums have the expectation of sums over all
};

class sample_operators {
public:
  virtual void choose_samples(stream&, const choose_samples_arguments&) = 0;
  // out[i] = source[samples[i]], of any type; source [samples of the batch, ...], out [n, ...]. No bit changes.
  virtual void gather_samples(stream&, const tensor& source, const tensor& samples, tensor& out) = 0;

protected:
  ~sample_operators() = default;
};

} // namespace syngrad
