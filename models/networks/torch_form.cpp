#include "models/networks/torch_form.hpp"

#include "models/networks/network_document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string_view>

namespace syngrad {

namespace {

// A layer that PyTorch has no equal of: caught in torch_form_of().
struct without_torch_form : std::runtime_error {
  using runtime_error::runtime_error;
};

// Arguments that PyTorch does not have.
bool is_own_argument(std::string_view name) {
  return name == "type" || name == "init_std" || name == "out_proj_init_std" || name == "carry";
}

// With the one in front of it one of our layers, which has one number.
bool is_joined(std::string_view before, std::string_view layer) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> pairs{
    {{"BatchNorm1d", "ReLU"}, {"BatchNorm2d", "ReLU"}, {"Residual", "ReLU"}, {"AdaptiveAvgPool2d", "Flatten"}}};
  return std::find(pairs.begin(), pairs.end(), std::pair(before, layer)) != pairs.end();
}

std::string their_name(const std::string& ours) {
  if (ours == "gamma") return "weight";
  if (ours == "beta") return "bias";
  return ours == "running_variance" ? "running_var" : ours;
}

bool is_norm_of_batches(std::string_view type) {
  return type == "BatchNorm1d" || type == "BatchNorm2d";
}

bool works_by_element(std::string_view type) {
  return type == "ReLU" || type == "GELU" || type == "Dropout";
}

// Modules that are PyTorch's but for what they are called with and what they return.
const std::map<std::string, std::string>& own_modules() {
  static const std::map<std::string, std::string> all{
    {"Residual", "class Residual(nn.Module):\n"
                 "    def __init__(self, layers, skip=None):\n"
                 "        super().__init__()\n"
                 "        self.layers, self.skip = layers, nn.Identity() if skip is None else skip\n\n"
                 "    def forward(self, x):\n"
                 "        return self.layers(x) + self.skip(x)\n"},
    {"MultiheadAttention",
     "class MultiheadAttention(nn.MultiheadAttention):\n"
     "    def __init__(self, *arguments, is_causal=False, **named):\n"
     "        super().__init__(*arguments, batch_first=True, **named)\n"
     "        self.is_causal = is_causal\n\n"
     "    def forward(self, x):\n"
     "        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1]).to(x) if self.is_causal else None\n"
     "        return super().forward(x, x, x, attn_mask=mask, need_weights=False)[0]\n"},
    {"Embedding",
     "class Embedding(nn.Embedding):\n"
     "    def __init__(self, num_embeddings, embedding_dim, positions=0):\n"
     "        super().__init__(num_embeddings, embedding_dim)\n"
     "        self.position = nn.Parameter(torch.zeros(positions, embedding_dim)) if positions else None\n\n"
     "    def forward(self, x):\n"
     "        y = super().forward(x)\n"
     "        return y if self.position is None else y + self.position[: x.shape[1]]\n"},
    {"LSTM", "class LSTM(nn.LSTM):\n"
             "    def forward(self, x):\n"
             "        return super().forward(x)[0]\n"},
    {"GRU", "class GRU(nn.GRU):\n"
            "    def forward(self, x):\n"
            "        return super().forward(x)[0]\n"},
  };
  return all;
}

std::string python_value(const network_document& value) {
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_null()) return "None";
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& each : value) text += (text.empty() ? "" : ", ") + python_value(each);
  return "(" + text + ")";
}

std::vector<std::int64_t> places_of_convolution(const shape& ours) {
  std::vector<std::int64_t> places;
  places.reserve(static_cast<std::size_t>(ours.elements()));
  for (std::int64_t out = 0; out < ours[0]; ++out)
    for (std::int64_t in = 0; in < ours[3]; ++in)
      for (std::int64_t at = 0; at < ours[1] * ours[2]; ++at)
        places.push_back((out * ours[1] * ours[2] + at) * ours[3] + in);
  return places;
}

// Of features that were [positions..., features]: PyTorch has the features outermost.
std::vector<std::int64_t> places_of_flattened(const sample_spec& from) {
  std::vector<std::int64_t> places;
  if (from.rows() < 2 || from.features() < 2) return places;
  for (std::int64_t feature = 0; feature < from.features(); ++feature)
    for (std::int64_t row = 0; row < from.rows(); ++row) places.push_back(row * from.features() + feature);
  return places;
}

class torch_writer {
public:
  explicit torch_writer(const network& net) : specs_(infer_specs(net).value()) {
    int number = 0;
    for (const auto& unit : net.units)
      for (const auto& each : unit) {
        for (const auto* parameter : each->parameters())
          extents_.emplace_back(std::to_string(number) + "." + parameter->name, parameter->extents);
        ++number;
      }
  }

  torch_network write(const network_document& document, const std::string& title) {
    std::string modules;
    int ours = 0, theirs = 0;
    for (const auto& unit : document.at("units")) modules += add_list(unit, "", "", ours, theirs, "    ");
    if (!flattened_.empty()) throw without_torch_form("its outputs are those of a Flatten, in another order there");
    std::string python =
      "# " + title + ", for the weights that `syngrad checkpoint export` writes.\n" +
      "# Images are [batch, features, height, width] here.\nimport torch\nfrom torch import nn\n\n\n";
    for (const auto& name : used_) python += own_modules().at(name) + "\n\n";
    python += "network = nn.Sequential(\n" + modules + ")\n";
    return {std::move(tensors_), std::move(python)};
  }

private:
  // The lines of the modules of a list. `ours` and `theirs` count on.
  std::string add_list(const network_document& list, const std::string& our_prefix, const std::string& their_prefix,
                       int& ours, int& theirs, const std::string& margin) {
    std::string text, before;
    for (const auto& each : list) {
      const auto type = each.at("type").get<std::string>();
      const bool joined = is_joined(before, type);
      if (joined) --ours;
      text += margin +
              add_layer(each, type, our_prefix + std::to_string(ours) + ".",
                        their_prefix + std::to_string(theirs) + ".", our_prefix.empty() ? ours : -1, joined, margin) +
              ",\n";
      ++ours;
      ++theirs;
      before = type;
    }
    return text;
  }

  // `number`: of the layer in the network; below 0: it is within another one.
  std::string add_layer(const network_document& of, const std::string& type, const std::string& ours,
                        const std::string& theirs, int number, bool joined, const std::string& margin) {
    check(type, number);
    if (type == "Residual") return add_residual(of, ours, theirs, margin);
    if (!joined) add_tensors(type, ours, theirs);
    if (type == "Flatten" && !joined) flattened_ = places_of_flattened(before(number));
    if (own_modules().contains(type)) used_.insert(type);
    std::string named;
    for (const auto& [name, value] : of.items())
      if (!is_own_argument(name)) named += (named.empty() ? "" : ", ") + name + "=" + python_value(value);
    if (type == "LSTM" || type == "GRU") named += ", batch_first=True";
    return (own_modules().contains(type) ? "" : "nn.") + type + "(" + named + ")";
  }

  const sample_spec& before(int number) const { return specs_[static_cast<std::size_t>(number)]; }

  void check(const std::string& type, int number) const {
    const auto where = number < 0 ? type + " within a Residual" : fmt::format("layer {} ({})", number, type);
    if (number < 0 && type == "Flatten") throw without_torch_form(where + ": PyTorch has features in another order");
    if (number >= 0 && type == "BatchNorm1d" && before(number).extents.rank() > 1)
      throw without_torch_form(where + ": of several positions PyTorch's takes the features before the positions");
    if (!flattened_.empty() && type != "Linear" && type != "BatchNorm1d" && type != "LayerNorm" &&
        !works_by_element(type))
      throw without_torch_form(where + ": behind a Flatten of several positions PyTorch has features in another order");
  }

  std::string add_residual(const network_document& of, const std::string& ours, const std::string& theirs,
                           const std::string& margin) {
    used_.insert("Residual");
    int first = 0, second = 0;
    auto text = "Residual(\n" + margin + "    nn.Sequential(\n" +
                add_list(of.at("layers"), ours, theirs + "layers.", first, second, margin + "        ") + margin +
                "    ),\n";
    if (const auto skip = of.find("skip"); skip != of.end() && !skip->is_null() && !skip->empty()) {
      first = second = 0;
      text += margin + "    nn.Sequential(\n" +
              add_list(*skip, ours + "skip.", theirs + "skip.", first, second, margin + "        ") + margin +
              "    ),\n";
    }
    return text + margin + ")";
  }

  void add_tensors(const std::string& type, const std::string& ours, const std::string& theirs) {
    for (const auto& [name, extents] : extents_) {
      if (!name.starts_with(ours)) continue;
      torch_tensor each{theirs + their_name(name.substr(ours.size())), name, extents, {}};
      if (type == "Conv2d" && extents.rank() == 4) {
        each.extents = {extents[0], extents[3], extents[1], extents[2]};
        each.places = places_of_convolution(extents);
      } else if (!flattened_.empty()) {
        each.places = places_of_features(type, extents);
      }
      tensors_.push_back(std::move(each));
    }
    if (type == "Linear") flattened_.clear();
    if (is_norm_of_batches(type)) tensors_.push_back({theirs + "num_batches_tracked", "", {}, {}});
  }

  // Of a Linear the columns, of a norm all; a Linear's bias is of its outputs.
  std::vector<std::int64_t> places_of_features(const std::string& type, const shape& extents) const {
    if (type != "Linear") return flattened_;
    std::vector<std::int64_t> places;
    if (extents.rank() != 2) return places;
    for (std::int64_t row = 0; row < extents[0]; ++row)
      for (const auto column : flattened_) places.push_back(row * extents[1] + column);
    return places;
  }

  std::vector<sample_spec> specs_;
  std::vector<std::pair<std::string, shape>> extents_; // of our tensors, in the order of the layers
  std::vector<torch_tensor> tensors_;
  std::vector<std::int64_t> flattened_; // of each of their features its place among ours; empty: the same
  std::set<std::string> used_;
};

} // namespace

std::vector<float> torch_tensor::to_theirs(std::span<const float> of_ours) const {
  if (places.empty()) return {of_ours.begin(), of_ours.end()};
  std::vector<float> out;
  for (const auto place : places) out.push_back(of_ours[static_cast<std::size_t>(place)]);
  return out;
}

std::vector<float> torch_tensor::to_ours(std::span<const float> of_theirs) const {
  std::vector<float> out(of_theirs.begin(), of_theirs.end());
  for (std::size_t i = 0; i < places.size(); ++i) out[static_cast<std::size_t>(places[i])] = of_theirs[i];
  return out;
}

result<torch_network> torch_form_of(const std::string& model) {
  const auto net = make_network(model);
  if (!net) return net.failure();
  if (const auto fit = infer_specs(*net); !fit) return fit.failure();
  const auto text = show_as_json(model);
  if (!text) return text.failure();
  const auto document = parse_network_document(*text);
  if (!document) return document.failure();
  try {
    return torch_writer(*net).write(*document, name_of_model(model));
  } catch (const without_torch_form& why) {
    return error::setting("model " + name_of_model(model) + " has no form in PyTorch: " + why.what());
  }
}

} // namespace syngrad
