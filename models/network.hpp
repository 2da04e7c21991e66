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

class starting_weights;

struct network {
  std::string description; // as given: "mlp:784-256x5-10"; of JSON its name
  sample_spec input;
  std::vector<layer_list> units;
  std::shared_ptr<const starting_weights> start = {}; // what its weights begin as; null: all are drawn
};

// `text` is one of
//   "KIND:PARAMETERS", such as "mlp:784-256x5-10": models/networks has the kinds;
//   "NAME" or "NAME:PARAMETERS" of a network that is registered;
//   JSON, an object: models/networks/network_document.hpp says what it holds.
// It is all that another process needs to make the same network.
result<network> make_network(const std::string& text);

// What make_network() takes of a model that a user names: of a file, "PATH.json", its JSON in one line, which gets the
// path as its name where it has none; of anything else itself. No '#' is in it, which would begin a comment in a file
// of options. Fails where the file, or what it describes, is at fault: the message names file, place and remedy.
result<std::string> read_model(const std::string& model);

// The text with what data decide that it leaves open, such as the number of classes: "resnet:20-10" of "resnet:20".
// `target`: of a sample.
std::string complete_model(const std::string& text, const sample_spec& target);

// What messages call it: of JSON its name, of anything else itself.
std::string name_of_model(const std::string& text);

// The JSON of a network that is not registered, laid out for people.
result<std::string> show_as_json(const std::string& text);

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

// "layer 1 (lstm 128->128)": the first of so many layers, from the bottom, that cannot go back by samples; empty: all
// can.
std::string layer_without_samples(const network&, std::size_t layers);

// "layer 1 (lstm 128->128, carrying)": the first that carries a state from batch to batch; empty: none does.
std::string carrying_layer(const network&);

} // namespace syngrad
