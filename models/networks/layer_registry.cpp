#include "models/networks/layer_registry.hpp"

#include "models/layers/batch_norm.hpp"
#include "models/layers/flatten.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "models/networks/document_values.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"

namespace syngrad {

namespace {

using arguments = layer_arguments;

constexpr whole_range some{1, 1 << 20}; // features, channels

template <class Layer, class... Values>
std::unique_ptr<layer> make(Values&&... values) {
  return std::make_unique<Layer>(std::forward<Values>(values)...);
}

std::unique_ptr<layer> make_batch_norm(arguments& a) {
  return make<batch_norm>(a.whole("num_features", some),
                          batch_norm::options{.relu = a.takes_next("ReLU"),
                                              .momentum = static_cast<float>(a.real("momentum", {0, 1}, 0.1)),
                                              .epsilon = static_cast<float>(a.real("eps", {0, 1, true}, 1e-5))});
}

struct layer_kind {
  std::string name; // PyTorch's
  std::unique_ptr<layer> (*make)(arguments&);
};

const std::vector<layer_kind>& layer_kinds() {
  static const std::vector<layer_kind> all{
    {"BatchNorm1d", make_batch_norm},
    {"BatchNorm2d", make_batch_norm},
    {"Flatten", [](arguments& a) { return make<flatten>(a.below().extents); }},
    {"Linear",
     [](arguments& a) {
       return make<linear>(a.whole("in_features", some), a.whole("out_features", some), a.flag("bias", true));
     }},
    {"ReLU", [](arguments& a) { return make<relu>(a.below().features()); }},
  };
  return all;
}

} // namespace

std::vector<std::string> known_layers() {
  std::vector<std::string> names;
  for (const auto& each : layer_kinds()) names.push_back(each.name);
  return names;
}

std::unique_ptr<layer> make_documented_layer(layer_arguments& given) {
  for (const auto& each : layer_kinds())
    if (each.name == given.type()) {
      auto made = each.make(given);
      given.check_all_read();
      return made;
    }
  const auto known = known_layers();
  auto nearest = suggest(given.type(), known, "");
  throw document_fault(given.place() + ".type", "unknown layer " + quoted_begin(given.type()) +
                                                  (nearest.empty() ? ": known are " + join_text(known) : nearest));
}

} // namespace syngrad
