// A named tensor of a layer: trained (with a gradient) or mere state, such as running statistics.
#pragma once

#include "runtime/device.hpp"
#include "runtime/random.hpp"
#include "runtime/tensor.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace syngrad {

// What it is to the network, by which optimizers tell how to train it.
enum class parameter_kind : std::uint8_t {
  weight,        // [out, in...]: a factor of products
  output_weight, // the same, of the products that are the network's outputs
  embedding,     // rows that are looked up
  vector,        // biases, and what norms learn
  state          // not trained
};

struct parameter {
  parameter(std::string its_name, shape its_extents, parameter_kind its_kind)
    : name(std::move(its_name)), extents(its_extents), kind(its_kind) {}
  // A weight, or where it has no two axes a vector.
  parameter(std::string its_name, shape its_extents)
    : parameter(std::move(its_name), its_extents,
                its_extents.rank() >= 2 ? parameter_kind::weight : parameter_kind::vector) {}

  bool trained() const { return kind != parameter_kind::state; }
  // By weight decay.
  bool decays() const { return kind == parameter_kind::weight || kind == parameter_kind::output_weight; }

  std::string name; // within its layer: "weight", "running_mean"
  shape extents;
  parameter_kind kind;
  tensor value;    // views into the arena of the group, bound before initialize()
  tensor gradient; // null unless trained
};

// The last weight of the layer that makes a network's outputs becomes their weight. Whether there is one.
bool mark_output_weight(std::span<parameter* const> of_layer);

// Random starting values, drawn on the host in order of the elements: the same on every device. They block only as long
// as an upload does; for set-up, not for handlers.
void initialize_uniform(stream&, tensor& target, double bound, random_source&);    // in [-bound, bound)
void initialize_normal(stream&, tensor& target, double deviation, random_source&); // with mean zero

} // namespace syngrad
