// Weights that a network begins with instead of drawn ones, matched by name and shape: those of a file as runs leave
// it. Read-only once made; any thread.
#pragma once

#include "models/network.hpp"
#include "runtime/io/safetensors.hpp"

#include <map>
#include <string>
#include <vector>

namespace syngrad {

class stream;

class starting_weights {
public:
  // What of a file becomes of a network. Names as layer_group::weights() has them.
  struct match {
    std::vector<std::string> taken;
    std::vector<std::string> missing; // of the network, which are drawn
    std::vector<std::string> misfits; // "4.weight (10x256, here 20x256)": likewise
    std::vector<std::string> unused;  // of the file
  };

  explicit starting_weights(safetensors_file);

  match match_with(const network&) const;
  // Into `to`, where there is one of that name and shape.
  void give(stream&, const std::string& name, tensor& to) const;

private:
  const safetensors_tensor* find(const std::string& name, const shape&) const;

  std::map<std::string, safetensors_tensor> tensors_;
};

} // namespace syngrad
