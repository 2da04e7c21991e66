// Multilayer perceptrons: hidden units of Linear + BatchNorm + ReLU, then one Linear.
#include "models/networks/network_kind.hpp"
#include "models/networks/short_form.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <fmt/core.h>

namespace syngrad {

namespace {

// The widths of all hidden units: parts WIDTH or WIDTHxCOUNT.
result<std::vector<std::int64_t>> read_hidden(std::span<const std::string_view> parts) {
  std::vector<std::int64_t> widths;
  for (const auto part : parts) {
    const auto cross = part.find('x');
    const auto width = read_bounded(part.substr(0, cross), "the width", 1, most_features);
    if (!width) return width.failure();
    std::size_t count = 1;
    if (cross != std::string_view::npos) {
      const auto given = read_bounded(part.substr(cross + 1), "the count of layers", 1, most_layers);
      if (!given) return given.failure();
      count = static_cast<std::size_t>(*given);
    }
    widths.insert(widths.end(), count, *width);
    if (widths.size() > static_cast<std::size_t>(most_layers))
      return error::setting(fmt::format("more than {} hidden layers", most_layers));
  }
  return widths;
}

result<network_document> make_mlp(std::string_view parameters) {
  const auto parts = split_text(parameters, '-');
  if (parts.size() < 2) return error::setting("inputs and outputs are needed");
  const auto inputs = read_bounded(parts.front(), "the number of inputs", 1, most_features);
  if (!inputs) return inputs.failure();
  const auto outputs = read_bounded(parts.back(), "the number of outputs", 1, most_features);
  if (!outputs) return outputs.failure();
  const auto hidden = read_hidden(std::span(parts).subspan(1, parts.size() - 2));
  if (!hidden) return hidden.failure();

  auto units = network_document::array();
  auto width = *inputs;
  for (const auto next : *hidden) {
    const network_document norm{{"type", "BatchNorm1d"}, {"num_features", next}};
    units.push_back(network_document::array({linear_document(width, next, false), norm, plain_document("ReLU")}));
    width = next;
  }
  units.push_back(network_document::array({linear_document(width, *outputs)}));
  return network_document{{"input", network_document::array({*inputs})}, {"units", std::move(units)}};
}

} // namespace

constexpr network_kind mlp_network_kind{"mlp", "mlp:INPUTS-WIDTHxCOUNT-CLASSES", "mlp:784-256x5-10",
                                        "COUNT hidden units of Linear + BatchNorm + ReLU, then one Linear", make_mlp};

} // namespace syngrad
