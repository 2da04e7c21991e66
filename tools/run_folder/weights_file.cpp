#include "tools/run_folder/weights_file.hpp"

#include "runtime/io/safetensors.hpp"

namespace syngrad::tools {

std::map<std::string, std::string> weights_metadata(const std::string& model) {
  return {{"model", model}, {"program", "syngrad " SYNGRAD_VERSION}};
}

std::size_t weights_size(const network& model) {
  std::vector<safetensors_entry> entries;
  int number = 0;
  for (const auto& unit : model.units) {
    for (const auto& layer : unit) {
      for (const auto* parameter : layer->parameters())
        entries.push_back({std::to_string(number) + "." + parameter->name, dtype::f32, parameter->extents, nullptr});
      ++number;
    }
  }
  return safetensors_size(entries, weights_metadata(model.description));
}

std::size_t weights_size(std::span<const layer_group::named_tensor> weights, const std::string& model) {
  std::vector<safetensors_entry> entries;
  for (const auto& each : weights) entries.push_back({each.name, each.value.type(), each.value.extents(), nullptr});
  return safetensors_size(entries, weights_metadata(model));
}

status write_weights(atomic_file& file, std::span<const layer_group::named_tensor> weights, const std::string& model) {
  std::vector<safetensors_entry> entries;
  for (const auto& each : weights) entries.push_back(safetensors_entry_of(each.name, each.value));
  return write_safetensors(file, entries, weights_metadata(model));
}

} // namespace syngrad::tools
