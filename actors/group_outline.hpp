// What the groups of a run will be, told from the layers before anything is built: a process that only places them has
// no room for a large model's weights.
#pragma once

#include "actors/settings.hpp"
#include "models/network.hpp"
#include "models/synthetic_gradient_model.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad {

struct group_outline {
  std::string units; // "0-1"
  int first_layer = 0;
  std::vector<layer*> layers;     // of the network, which outlives this; bottom to top
  std::vector<sample_spec> specs; // of the group's input, then of what each layer gives
  std::optional<synthetic_gradient_size> predictor;

  const sample_spec& input() const { return specs.front(); }
  const sample_spec& output() const { return specs.back(); }
  double multiply_adds() const;           // of the layers, per sample, forward and backward
  double predictor_multiply_adds() const; // per sample
  std::uint64_t weight_bytes() const;     // parameters and state
};

// "3" or "3-5".
std::string name_of_units(int first, int count);

// Bottom to top. The settings and the network have passed check_run().
std::vector<group_outline> outline_groups(const training_settings&, const network&);

} // namespace syngrad
