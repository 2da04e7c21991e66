// Residual networks in their form for CIFAR (He et al., arXiv 1512.03385, section 4.2): a 3x3 convolution to 16
// channels, then three stages of n blocks with 16, 32 and 64 channels, the second and third of which halve the image;
// 6n + 2 layers with weights. A block is two convolutions and a skip, a projection (1x1 convolution) where shapes
// differ.
#include "models/networks/network_kind.hpp"
#include "models/networks/short_form.hpp"

#include <nlohmann/json.hpp>

namespace syngrad {

namespace {

constexpr std::int64_t usual_classes = 10, most_depth = 1202;

struct resnet_sizes {
  std::int64_t depth = 0, classes = usual_classes;
};

result<resnet_sizes> read_resnet(std::string_view parameters) {
  const auto dash = parameters.find('-');
  const auto depth = read_bounded(parameters.substr(0, dash), "the depth", 8, most_depth);
  if (!depth) return depth.failure();
  if (*depth % 6 != 2)
    return error::setting("the depth " + std::to_string(*depth) + " is not 6n + 2, such as 20, 32, 44 or 56");
  resnet_sizes sizes{*depth};
  if (dash == std::string_view::npos) return sizes;
  const auto classes = read_bounded(parameters.substr(dash + 1), "the number of classes", 1, most_features);
  if (!classes) return classes.failure();
  sizes.classes = *classes;
  return sizes;
}

network_document residual_block(std::int64_t inputs, std::int64_t outputs, std::int64_t stride) {
  auto inner = convolution_documents(inputs, outputs, {.stride = stride});
  for (auto& each : convolution_documents(outputs, outputs, {.relu = false})) inner.push_back(std::move(each));
  network_document block{{"type", "Residual"}, {"layers", std::move(inner)}};
  if (stride != 1 || inputs != outputs)
    block["skip"] = convolution_documents(inputs, outputs, {.kernel = 1, .stride = stride, .relu = false});
  return network_document::array({std::move(block), plain_document("ReLU")});
}

result<network_document> make_resnet(std::string_view parameters) {
  const auto sizes = read_resnet(parameters);
  if (!sizes) return sizes.failure();
  auto units = network_document::array({convolution_documents(3, 16, {})});
  std::int64_t channels = 16;
  for (const std::int64_t next : {16, 32, 64})
    for (std::int64_t i = 0; i < (sizes->depth - 2) / 6; ++i) {
      units.push_back(residual_block(channels, next, i == 0 && next > 16 ? 2 : 1));
      channels = next;
    }
  units.push_back(image_classifier_documents(channels, sizes->classes));
  return network_document{{"input", {32, 32, 3}}, {"units", std::move(units)}};
}

// The classes are those of the data.
std::string complete_resnet(std::string_view parameters, const sample_spec& target) {
  std::string all(parameters);
  if (all.find('-') == std::string::npos && target.categories > 0) all += "-" + std::to_string(target.categories);
  return all;
}

} // namespace

constexpr network_kind resnet_network_kind{
  "resnet",
  "resnet:DEPTH-CLASSES",
  "resnet:20",
  "A residual network for 32x32x3, DEPTH 20, 32, 44, 56, ...; the classes of the data, where they are not given",
  make_resnet,
  complete_resnet};

} // namespace syngrad
