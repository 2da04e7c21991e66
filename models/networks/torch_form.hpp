// A network as PyTorch has it: nn.Sequential of its layers, numbered from the first unit's first, what each tensor of
// its state_dict is of ours, and the module as Python.
//
//   ours                                        PyTorch's
//   "N.gamma", "N.beta" of a batch norm         "T.weight", "T.bias"
//   "N.running_variance"                        "T.running_var", and "T.num_batches_tracked" beside it
//   "N.0.weight", "N.skip.0.weight" of a        "T.layers.0.weight", "T.skip.0.weight" of the module Residual that the
//     residual                                    Python defines
//   a convolution's [out, height, width, in]    [out, in, height, width]
//   a Linear behind a Flatten of [height,       its columns in the order [features, height, width]
//     width, features]
//
// N counts our layers, T PyTorch's modules: a ReLU behind a batch norm or a residual is a module of its own there.
// Activations of images are [batch, features, height, width] there.
#pragma once

#include "models/network.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

struct torch_tensor {
  std::string theirs;
  std::string ours;                 // empty: PyTorch's alone, a count (i32, no axes)
  shape extents;                    // theirs
  std::vector<std::int64_t> places; // of each of their elements among ours; empty: they lie alike

  std::vector<float> to_theirs(std::span<const float> ours) const;
  std::vector<float> to_ours(std::span<const float> theirs) const;
};

struct torch_network {
  std::vector<torch_tensor> tensors;
  std::string python; // defines `network`
};

// Of a network that has JSON. Fails where PyTorch would compute something else: the message names the layer.
result<torch_network> torch_form_of(const std::string& model);

} // namespace syngrad
