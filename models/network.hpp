// A network: a sequence of units, the finest pieces that can be separated into groups. A unit is a few layers that
// belong together, such as Linear + BatchNorm + ReLU. The last unit's outputs are what the objective judges: the logits
// of classes, or values.
#pragma once

#include "models/layer.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

struct network {
  std::string description; // as given: "mlp:784-256x5-10"
  sample_spec input;
  std::vector<layer_list> units;
};

// "mlp:INPUTS-WIDTHxCOUNT-CLASSES", for example "mlp:784-256x5-10": COUNT hidden units Linear + BatchNorm + ReLU
// (several WIDTHxCOUNT or WIDTH parts may follow each other: "mlp:784-512-256x3-10"), then one Linear.
//
// Or "NAME" or "NAME:PARAMETERS" of a network that is registered.
result<network> make_network(const std::string& description);

// Gets what stands behind the colon.
using network_maker = std::function<result<network>(std::string_view parameters)>;
// Makes a network of one's own known by name: to every process of a run, where its program does so before it trains;
// not while another thread makes one. A name that is known already is not taken a second time.
status register_network(const std::string& name, network_maker);

// Of a sample between the layers: the network's input first, then what each layer gives, the output last. Fails naming
// the layer that does not fit.
result<std::vector<sample_spec>> infer_specs(const network&);

// The layer that needs the most rows of a batch to be trained on, and how many of its samples that takes.
struct batch_need {
  std::int64_t samples = 1;
  std::string layer; // "layer 1 (batch norm 256 + relu)"; empty: any number will do
};
// Of a network whose specs can be inferred.
batch_need batch_need_of(const network&);

// How many units each group gets. `groups` groups of nearly equal cost: the split whose most expensive group is
// cheapest. Fails where there are more groups than units, or a layer does not fit.
result<std::vector<int>> split_evenly(const network&, int groups);

} // namespace syngrad
