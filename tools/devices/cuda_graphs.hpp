// Hands --cuda-graphs to a training's settings.
#pragma once

#include "runtime/result.hpp"

namespace syngrad::tools {

// Fails where graphs are asked for and the settings know none.
template <class Settings>
status use_cuda_graphs(Settings& settings, bool wanted) {
  if constexpr (requires { settings.cuda_graphs; })
    settings.cuda_graphs = wanted;
  else if (wanted)
    return error{"--cuda-graphs: this version captures no graphs; leave it out"};
  return ok();
}

} // namespace syngrad::tools
