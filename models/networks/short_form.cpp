#include "models/networks/short_form.hpp"

#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace syngrad {

result<std::int64_t> read_bounded(std::string_view text, const std::string& what, std::int64_t least,
                                  std::int64_t most) {
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < least || *number > most)
    return error::setting(what + " " + quoted(text) + " is not a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
  return *number;
}

result<short_form> short_form::read(std::string_view parameters, std::vector<std::string> known) {
  const auto parts = split_text(parameters, ',');
  short_form out;
  out.sizes_ = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    const std::string name(parts[i].substr(0, equals));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const auto nearest = suggest(name, known, "");
      return error::setting("unknown option " + quoted(name) +
                            (nearest.empty() ? ": known are " + join_text(known) : nearest));
    }
    if (equals == std::string_view::npos) return error::setting(name + " has no value: write " + name + "=N");
    if (!out.options_.emplace(name, parts[i].substr(equals + 1)).second)
      return error::setting(name + " is given twice; give it once");
  }
  return out;
}

result<std::pair<std::int64_t, std::int64_t>> short_form::layers_and_width() const {
  const std::string_view text = sizes_;
  const auto cross = text.find('x');
  if (cross == std::string_view::npos) return error::setting(quoted(text) + " is no number of layers and width");
  const auto layers = read_bounded(text.substr(0, cross), "the number of layers", 1, most_layers);
  if (!layers) return layers.failure();
  const auto width = read_bounded(text.substr(cross + 1), "the width", 1, most_features);
  if (!width) return width.failure();
  return std::pair(*layers, *width);
}

result<std::int64_t> short_form::option(const std::string& name, std::int64_t usual, std::int64_t most) const {
  const auto found = options_.find(name);
  return found == options_.end() ? usual : read_bounded(found->second, name, 1, most);
}

result<double> short_form::share(const std::string& name) const {
  const auto found = options_.find(name);
  if (found == options_.end()) return 0.0;
  const auto number = parse_number<double>(found->second);
  if (!number || !(*number >= 0 && *number < 1))
    return error::setting(name + " " + quoted(found->second) + " is not a number of at least 0 and below 1");
  return *number;
}

std::string complete_vocabulary(std::string_view parameters, const sample_spec& target) {
  std::string all(parameters);
  if (target.categories > 0 && all.find(",vocab=") == std::string::npos)
    all += ",vocab=" + std::to_string(target.categories);
  return all;
}

network_document linear_document(std::int64_t inputs, std::int64_t outputs, bool bias) {
  network_document made{{"type", "Linear"}, {"in_features", inputs}, {"out_features", outputs}};
  if (!bias) made["bias"] = false;
  return made;
}

network_document plain_document(const char* type) {
  return {{"type", type}};
}

network_document convolution_documents(std::int64_t inputs, std::int64_t outputs, convolution_form form) {
  network_document convolution{
    {"type", "Conv2d"}, {"in_channels", inputs}, {"out_channels", outputs}, {"kernel_size", form.kernel}};
  if (form.stride != 1) convolution["stride"] = form.stride;
  if (form.kernel != 1) convolution["padding"] = form.kernel / 2;
  convolution["bias"] = false; // a normalisation follows
  auto layers = network_document::array({std::move(convolution)});
  layers.push_back({{"type", "BatchNorm2d"}, {"num_features", outputs}});
  if (form.relu) layers.push_back(plain_document("ReLU"));
  return layers;
}

network_document image_classifier_documents(std::int64_t channels, std::int64_t classes) {
  const network_document pool{{"type", "AdaptiveAvgPool2d"}, {"output_size", 1}};
  return network_document::array({pool, plain_document("Flatten"), linear_document(channels, classes)});
}

network_document tokens_document(std::int64_t context, std::int64_t vocabulary) {
  return {{"shape", network_document::array({context})}, {"categories", vocabulary}};
}

} // namespace syngrad
