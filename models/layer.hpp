// A layer maps a batch of activations to a batch of activations, and gradients back.
//
// Used by one actor at a time, on one stream. What belongs to a batch lives in its cache, so several batches can be in
// flight through one layer, and backward passes may come in any order and late: they use the cache and the weights of
// the moment.
#pragma once

#include "models/parameter.hpp"
#include "runtime/device.hpp"
#include "runtime/random.hpp"

#include <array>
#include <string>
#include <vector>

namespace syngrad {

enum class phase : std::uint8_t { train, evaluate };

// What a layer keeps of one batch between forward and backward. Meaning of the slots: the layer's own business.
struct layer_cache {
  std::array<tensor, 4> saved;
};

struct backward_request {
  bool input_gradient = true;
  bool parameter_gradient = true;
  bool accumulate = false; // add to the parameter gradients instead of overwriting them
};

class layer {
public:
  virtual ~layer() = default;

  virtual std::string describe() const = 0; // "linear 784->256"
  virtual std::int64_t inputs() const = 0;  // features of a row
  virtual std::int64_t outputs() const = 0;
  virtual double multiply_adds() const = 0; // of forward and backward, per sample: the cost that groups are balanced by

  virtual std::vector<parameter*> parameters() { return {}; } // stable addresses; empty for layers without
  virtual void initialize(stream&, random_source&) {}         // after the parameters were bound to an arena

  // x [batch, inputs] -> [batch, outputs]. `cache` is null in phase::evaluate.
  virtual tensor forward(stream&, const tensor& x, phase, layer_cache* cache) = 0;
  // dy [batch, outputs], per sample. Returns dLoss/dx [batch, inputs], or a null tensor where it was not requested.
  // Parameter gradients are summed over the batch; the optimizer divides.
  virtual tensor backward(stream&, const tensor& dy, layer_cache& cache, backward_request) = 0;
};

} // namespace syngrad
