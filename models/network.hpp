// A network: a sequence of units, the finest pieces that can be separated into groups. A unit is a few layers that
// belong together, such as Linear + BatchNorm + ReLU. The last unit's outputs are the logits of the classes.
#pragma once

#include "models/layer.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

using layer_list = std::vector<std::unique_ptr<layer>>;

struct network {
  std::string description; // as given: "mlp:784-256x5-10"
  std::int64_t inputs = 0;
  std::int32_t classes = 0;
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

// Whether the widths of a network made by hand fit together, from inputs to classes. Says which layer does not fit.
status check_network(const network&);

// How many units each group gets. `groups` groups of nearly equal cost: the split whose most expensive group is
// cheapest. Fails where there are more groups than units.
result<std::vector<int>> split_evenly(const network&, int groups);

} // namespace syngrad
