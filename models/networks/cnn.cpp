// Convolutional networks: units of Conv2d 3x3 + BatchNorm + ReLU, then the mean over all positions and one Linear.
#include "models/networks/network_kind.hpp"
#include "models/networks/short_form.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace syngrad {

namespace {

struct cnn_unit {
  std::int64_t channels = 0, stride = 1;
};

// WIDTH, WIDTHsSTRIDE, and either with xCOUNT behind it: of those that follow the first one the stride is 1.
result<std::vector<cnn_unit>> read_cnn_units(std::span<const std::string_view> parts) {
  std::vector<cnn_unit> units;
  for (const auto part : parts) {
    const auto cross = part.find('x');
    const auto one = part.substr(0, cross);
    const auto s = one.find('s');
    const auto channels = read_bounded(one.substr(0, s), "the number of channels", 1, most_features);
    if (!channels) return channels.failure();
    cnn_unit unit{*channels, 1};
    if (s != std::string_view::npos) {
      const auto stride = read_bounded(one.substr(s + 1), "the stride", 1, 16);
      if (!stride) return stride.failure();
      unit.stride = *stride;
    }
    units.push_back(unit);
    if (cross == std::string_view::npos) continue;
    const auto count = read_bounded(part.substr(cross + 1), "the count of layers", 1, most_layers);
    if (!count) return count.failure();
    units.insert(units.end(), static_cast<std::size_t>(*count - 1), {*channels, 1});
    if (units.size() > static_cast<std::size_t>(most_layers))
      return error::setting("more than " + std::to_string(most_layers) + " layers");
  }
  return units;
}

// HEIGHTxWIDTHxCHANNELS
result<std::array<std::int64_t, 3>> read_image(std::string_view text) {
  const auto sizes = split_text(text, 'x');
  if (sizes.size() != 3) return error::setting("the image " + quoted(text) + " is not HEIGHTxWIDTHxCHANNELS");
  std::array<std::int64_t, 3> image{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto size = read_bounded(sizes[i], "the size of an image", 1, most_features);
    if (!size) return size.failure();
    image[i] = *size;
  }
  return image;
}

result<network_document> make_cnn(std::string_view parameters) {
  const auto parts = split_text(parameters, '-');
  if (parts.size() < 3) return error::setting("an image, at least one convolution and classes are needed");
  const auto image = read_image(parts.front());
  if (!image) return image.failure();
  const auto classes = read_bounded(parts.back(), "the number of classes", 1, most_features);
  if (!classes) return classes.failure();
  const auto convolutions = read_cnn_units(std::span(parts).subspan(1, parts.size() - 2));
  if (!convolutions) return convolutions.failure();

  auto units = network_document::array();
  auto channels = (*image)[2];
  for (const auto& each : *convolutions) {
    units.push_back(convolution_documents(channels, each.channels, {.stride = each.stride}));
    channels = each.channels;
  }
  units.push_back(image_classifier_documents(channels, *classes));
  return network_document{{"input", *image}, {"units", std::move(units)}};
}

} // namespace

constexpr network_kind cnn_network_kind{
  "cnn", "cnn:HEIGHTxWIDTHxCHANNELS-CHANNELSsSTRIDE-...-CLASSES", "cnn:28x28x1-32s2-32-64s2-64-10",
  "Units of 3x3 convolution + BatchNorm + ReLU, then the mean over all positions and one Linear", make_cnn};

} // namespace syngrad
