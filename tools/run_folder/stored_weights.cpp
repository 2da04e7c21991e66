#include "tools/run_folder/stored_weights.hpp"

#include "actors/checkpoints/checkpoint_folder.hpp"

#include <filesystem>
#include <system_error>

namespace syngrad::tools {

namespace {

std::string without_last_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

} // namespace

bool is_checkpoint(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path + "/manifest.json", unknown);
}

std::string run_of_checkpoint(const std::string& path) {
  const auto run = std::filesystem::path(without_last_slashes(path)).parent_path().parent_path().string();
  return run.empty() ? "." : run;
}

result<safetensors_file> read_stored_weights(const std::string& path) {
  if (!is_checkpoint(path)) return read_safetensors(path);
  const auto read = read_checkpoint(without_last_slashes(path));
  if (!read) return read.failure();
  safetensors_file weights;
  weights.metadata["step"] = std::to_string(read->manifest.step);
  if (const auto model = read->manifest.facts.options.find("model"); model != read->manifest.facts.options.end())
    weights.metadata["model"] = model->second;
  for (const auto& part : read->state->parts)
    for (const auto& each : part.tensors) {
      if (each.name.empty() || each.name[0] < '0' || each.name[0] > '9') continue; // of optimizers, predictors, ...
      const auto* bytes = static_cast<const char*>(each.value.data());
      weights.tensors.push_back(
        {each.name, each.value.type(), each.value.extents(), {bytes, bytes + each.value.bytes()}});
    }
  return weights;
}

} // namespace syngrad::tools
