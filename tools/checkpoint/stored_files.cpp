#include "tools/checkpoint/stored_files.hpp"

#include "actors/checkpoints/checkpoint_folder.hpp"
#include "runtime/rounding.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <limits>
#include <system_error>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

template <class Number>
Number number_at(const safetensors_tensor& from, std::size_t i) {
  Number value;
  std::memcpy(&value, from.bytes.data() + i * sizeof value, sizeof value);
  return value;
}

double value_at(const safetensors_tensor& from, std::size_t i) {
  switch (from.type) {
  case dtype::f32:
    return number_at<float>(from, i);
  case dtype::i32:
    return number_at<std::int32_t>(from, i);
  case dtype::bf16:
    return from_bf16(number_at<std::uint16_t>(from, i));
  case dtype::u8:
    break;
  }
  return number_at<std::uint8_t>(from, i);
}

} // namespace

result<stored_files> find_stored_files(const std::string& path) {
  std::error_code unknown;
  if (!fs::exists(path, unknown))
    return error::file(path + ": no such file or folder; give a run's folder, a checkpoint, or a .safetensors file");
  if (!fs::is_directory(path, unknown)) return stored_files{{path}, {}};
  if (fs::exists(path + "/manifest.json", unknown)) return stored_files{{}, {path}};
  stored_files found;
  for (const auto* name : {last_weights_name, best_weights_name})
    if (fs::exists(path + "/" + name, unknown)) found.weights.push_back(path + "/" + name);
  for (const auto& folder : {path, path + "/checkpoints"})
    for (const auto& each : list_checkpoints(folder)) found.checkpoints.push_back(each.path);
  if (found.weights.empty() && found.checkpoints.empty())
    return error::file(path + ": neither weights nor checkpoints in it; give a run's folder, a checkpoint, or a "
                              ".safetensors file");
  return found;
}

tensor_figures figures_of(const safetensors_tensor& from) {
  const auto count = static_cast<std::size_t>(from.extents.elements());
  tensor_figures out{0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0};
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = value_at(from, i);
    if (!std::isfinite(value)) {
      ++out.nonfinite;
      continue;
    }
    squares += value * value;
    out.least = std::min(out.least, value);
    out.most = std::max(out.most, value);
  }
  out.norm = std::sqrt(squares);
  return out;
}

status verify_weights(const std::string& path) {
  const auto file = read_safetensors(path);
  if (!file) return file.failure();
  for (const auto& each : file->tensors)
    if (const auto figures = figures_of(each); figures.nonfinite > 0)
      return error::data(fmt::format("{}: {} of the {} numbers of '{}' are not finite", path, figures.nonfinite,
                                     each.extents.elements(), each.name));
  return ok();
}

} // namespace syngrad::tools
