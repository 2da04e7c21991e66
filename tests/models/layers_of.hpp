// A list of layers from the layers.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

template <class... Layers>
layer_list layers_of(Layers... each) {
  layer_list all;
  (all.push_back(std::move(each)), ...);
  return all;
}

} // namespace syngrad
