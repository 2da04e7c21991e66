// A network with the weights that a run has left, for forward passes in evaluation: no gradients, no optimizer.
//
// Used by one thread at a time, on one stream.
#pragma once

#include "models/network.hpp"
#include "runtime/io/safetensors.hpp"

#include <span>

namespace syngrad {

class trained_network {
public:
  // `weights` are those of all its layers, named as layer_group::weights() names them. Fails where one is missing, has
  // another shape, or belongs to no layer: the message names it, and not the file.
  static result<trained_network> make(stream& owner, network, std::span<const safetensors_tensor> weights);

  const sample_spec& input() const { return input_; }
  const sample_spec& output() const { return output_; }

  // x [batch, positions..., features], or of numbers [batch, positions...] -> [rows, features], as a group's forward
  // pass in evaluation. Of a text, samples may be shorter than input().
  tensor forward(stream&, const tensor& x);

  // Of all layers: models/layer.hpp says what it means.
  bool works_by_position() const;
  void continue_evaluations(bool wanted);
  // Batches that are evaluated from now on continue each other where layers carry a state, as those of a run do.
  void begin_evaluation(stream&);

private:
  trained_network(layer_list layers, const sample_spec& input, const sample_spec& output)
    : layers_(std::move(layers)), input_(input), output_(output) {}

  layer_list layers_;
  sample_spec input_, output_;
};

} // namespace syngrad
