// What training sent over the links of a run, as bytes a sample: of all interfaces that cross from one process to
// another.
#pragma once

#include "actors/summary.hpp"

namespace syngrad::tools {

struct link_traffic {
  double up = 0;    // activations
  double down = 0;  // gradients, credits
  double saved = 0; // what gradients that were left out (--gradients) would have added to `down`

  bool any() const { return up > 0 || down > 0; }
  double saved_share() const { return saved > 0 ? saved / (down + saved) : 0; } // of what all gradients take
};

link_traffic traffic_of(const training_summary&);

} // namespace syngrad::tools
