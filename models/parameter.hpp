// A named tensor of a layer: trained (with a gradient) or mere state, such as running statistics.
#pragma once

#include "runtime/device.hpp"
#include "runtime/random.hpp"
#include "runtime/tensor.hpp"

#include <string>

namespace syngrad {

struct parameter {
  parameter(std::string its_name, shape its_extents, bool is_trained = true)
    : name(std::move(its_name)), extents(its_extents), trained(is_trained),
      decays(is_trained && its_extents.rank() >= 2) {}

  std::string name; // within its layer: "weight", "running_mean"
  shape extents;
  bool trained;
  bool decays;     // by weight decay: the factors of products do, biases and the like, which are vectors, do not
  tensor value;    // views into the arena of the group, bound before initialize()
  tensor gradient; // null unless trained
};

// One that weight decay leaves alone whatever its rank: an embedding.
inline parameter without_decay(parameter of) {
  of.decays = false;
  return of;
}

// Random starting values, drawn on the host in order of the elements: the same on every device. They block only as long
// as an upload does; for set-up, not for handlers.
void initialize_uniform(stream&, tensor& target, double bound, random_source&);    // in [-bound, bound)
void initialize_normal(stream&, tensor& target, double deviation, random_source&); // with mean zero

} // namespace syngrad
