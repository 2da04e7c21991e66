#include "models/networks/layer_registry.hpp"

#include "models/layers/attention.hpp"
#include "models/layers/avg_pool2d.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/conv2d.hpp"
#include "models/layers/dropout.hpp"
#include "models/layers/embedding.hpp"
#include "models/layers/flatten.hpp"
#include "models/layers/gelu.hpp"
#include "models/layers/global_avg_pool.hpp"
#include "models/layers/gru.hpp"
#include "models/layers/layer_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/lstm.hpp"
#include "models/layers/max_pool2d.hpp"
#include "models/layers/relu.hpp"
#include "models/layers/residual.hpp"
#include "models/networks/document_values.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"

namespace syngrad {

namespace {

using arguments = layer_arguments;

constexpr whole_range some{1, 1 << 20}; // features, channels
const real_range deviations{0, 1e3};
constexpr whole_range window{1, 1 << 10}, padding{0, 1 << 10};

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

std::unique_ptr<layer> make_conv2d(arguments& a) {
  const auto inputs = a.whole("in_channels", some), outputs = a.whole("out_channels", some);
  const auto kernel = a.pair("kernel_size", window);
  return make<conv2d>(inputs, outputs, kernel,
                      conv2d::options{.stride = a.pair("stride", window, 1),
                                      .padding = a.pair("padding", padding, 0),
                                      .bias = a.flag("bias", true)});
}

template <class Pool>
std::unique_ptr<layer> make_pool(arguments& a) {
  const auto kernel = a.pair("kernel_size", window);
  return make<Pool>(kernel, a.pair("stride", window, kernel), a.pair("padding", padding, 0));
}

// With the Flatten behind it, where there is one: of one position nothing is left to flatten.
std::unique_ptr<layer> make_global_avg_pool(arguments& a) {
  a.whole("output_size", {1, 1});
  a.takes_next("Flatten");
  return make<global_avg_pool>();
}

// "init_std": of normal starting values, whose bias is zero.
std::unique_ptr<layer> make_linear(arguments& a) {
  const auto inputs = a.whole("in_features", some), outputs = a.whole("out_features", some);
  const bool bias = a.flag("bias", true);
  if (const auto deviation = a.real_or_none("init_std", deviations))
    return make<linear>(inputs, outputs, bias, linear::normal_start{*deviation});
  return make<linear>(inputs, outputs, bias);
}

// "positions": as many learned ones are added, each to the number at its place.
std::unique_ptr<layer> make_embedding(arguments& a) {
  const auto numbers = a.whole("num_embeddings", {1, 1 << 24}), features = a.whole("embedding_dim", some);
  return make<embedding>(numbers, features,
                         embedding::options{.positions = a.whole("positions", {0, 1 << 24}, 0),
                                            .deviation = a.real("init_std", deviations, 0.02)});
}

std::unique_ptr<layer> make_attention(arguments& a) {
  const auto features = a.whole("embed_dim", some), heads = a.whole("num_heads", some);
  const auto deviation = a.real("init_std", deviations, 0.02);
  return make<attention>(features, heads,
                         attention::options{.causal = a.flag("is_causal", false),
                                            .bias = a.flag("bias", true),
                                            .deviation = deviation,
                                            .out_deviation = a.real("out_proj_init_std", deviations, deviation)});
}

std::unique_ptr<layer> make_gelu(arguments& a) {
  const bool tanh = a.choice("approximate", {"none", "tanh"}, "none") == "tanh";
  return make<gelu>(a.below().features(), tanh ? gelu_approximation::tanh : gelu_approximation::none);
}

// "carry": the state goes on from batch to batch.
template <class Recurrent>
std::unique_ptr<layer> make_recurrent_layer(arguments& a) {
  const auto inputs = a.whole("input_size", some), hidden = a.whole("hidden_size", some);
  return make<Recurrent>(inputs, hidden, recurrent::options{.carry = a.flag("carry", false)});
}

std::unique_ptr<layer> make_dropout(arguments& a) {
  return make<dropout>(static_cast<float>(a.real("p", {0, 1, false, true}, 0.5)));
}

struct layer_kind {
  std::string name; // PyTorch's
  std::unique_ptr<layer> (*make)(arguments&);
};

const std::vector<layer_kind>& layer_kinds() {
  static const std::vector<layer_kind> all{
    {"AdaptiveAvgPool2d", make_global_avg_pool},
    {"AvgPool2d", make_pool<avg_pool2d>},
    {"BatchNorm1d", make_batch_norm},
    {"BatchNorm2d", make_batch_norm},
    {"Conv2d", make_conv2d},
    {"Dropout", make_dropout},
    {"Embedding", make_embedding},
    {"Flatten", [](arguments& a) { return make<flatten>(a.below().extents); }},
    {"GELU", make_gelu},
    {"GRU", make_recurrent_layer<gru>},
    {"LSTM", make_recurrent_layer<lstm>},
    {"LayerNorm",
     [](arguments& a) {
       return make<layer_norm>(a.whole("normalized_shape", some),
                               static_cast<float>(a.real("eps", {0, 1, true}, 1e-5)));
     }},
    {"Linear", make_linear},
    {"MaxPool2d", make_pool<max_pool2d>},
    {"MultiheadAttention", make_attention},
    {"ReLU", [](arguments& a) { return make<relu>(a.below().features()); }},
    {"Residual",
     [](arguments& a) {
       return make<residual>(a.layers("layers"), a.layers_or_none("skip"),
                             residual::options{.relu = a.takes_next("ReLU")});
     }},
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
