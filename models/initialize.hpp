// Random starting values of parameters.
#pragma once

#include "runtime/device.hpp"
#include "runtime/random.hpp"

namespace syngrad {

// Uniform in [-bound, bound), drawn on the host in order of the elements: the same on every device. Blocks only as
// long as an upload does; for set-up, not for handlers.
void initialize_uniform(stream&, tensor& target, double bound, random_source&);

} // namespace syngrad
