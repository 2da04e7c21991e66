// A layer that can be run by itself.
#pragma once

#include "models/arena.hpp"
#include "models/layer.hpp"
#include "tests/models/bench.hpp"

#include <memory>
#include <vector>

namespace syngrad {

// A layer with its parameters in an arena, and parameters away from their starting values.
struct bound_layer {
  bound_layer(bench& b, std::unique_ptr<layer> made, const shape& of_sample)
    : bound_layer(b, std::move(made), sample_spec{of_sample}) {}
  bound_layer(bench& b, std::unique_ptr<layer> made, const sample_spec& of_sample)
    : it(std::move(made)), input(of_sample), output(it->infer(input).value()), memory(b.s, {it->parameters()}) {
    it->initialize(b.s, b.random);
    for (auto* each : it->parameters())
      if (each->trained())
        for (auto& value : values(each->value)) value += static_cast<float>(0.3 * b.random.normal());
  }
  std::vector<tensor> cache() const { return std::vector<tensor>(it->cached_tensors()); }

  std::unique_ptr<layer> it;
  sample_spec input, output;
  arena memory;
};

inline std::vector<float> gradients_of(layer& of) {
  std::vector<float> all;
  for (const auto* each : of.parameters())
    if (each->trained()) {
      const auto these = values(each->gradient);
      all.insert(all.end(), these.begin(), these.end());
    }
  return all;
}

} // namespace syngrad
