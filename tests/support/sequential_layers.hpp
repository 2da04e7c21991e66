// Training written out plainly over the layers of a network: one loop forward, one backward, one over parameters for
// Adam. No actors, groups, arenas or policies: the reference that locked training equals bit for bit.
#pragma once

#include "models/network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"

#include <string>
#include <vector>

namespace syngrad::test {

class sequential_layers {
public:
  // Starting values as a run with this seed has them.
  sequential_layers(stream&, network, std::uint64_t seed);

  const network& net() const { return net_; }

  // One step of Adam on x [batch, ...] and labels [rows]; returns the mean loss before it.
  float step(const tensor& x, const tensor& labels, float learning_rate);

  struct named_parameter {
    std::string name; // "3.weight": layer, parameter
    tensor value;
  };
  std::vector<named_parameter> parameters(); // running statistics, too; in the order of the layers

private:
  struct moments {
    tensor first, second;
  };

  stream& s_;
  network net_;
  std::vector<layer*> layers_;
  std::vector<std::vector<tensor>> caches_; // of each layer
  std::vector<moments> moments_;            // of each trained parameter
  std::int64_t steps_ = 0;
};

struct layers_run {
  std::int64_t batch_size;
  std::int64_t steps;
  float learning_rate;
  std::uint64_t seed;
  bool continuing = false; // of a text: windows go on where those of the batch before ended
};

// Trains on the batches of a run; all parameters and running statistics, one after the other.
std::vector<float> train_layers(device&, const dataset&, network, const layers_run&);

} // namespace syngrad::test
