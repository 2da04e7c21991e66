#include "tools/distributed/kept_weights.hpp"

#include "tools/run_folder/weights_files.hpp"

#include <unistd.h>

namespace syngrad::tools {

result<kept_weights> kept_weights::reserve(const std::string& path, const run_plan& plan, const std::string& model) {
  std::vector<layer_group::named_tensor> weights;
  for (const auto& group : plan.groups) {
    if (!group.layers) continue;
    for (auto& each : group.layers->weights()) weights.push_back(std::move(each));
  }
  kept_weights out(path, model);
  auto file = atomic_file::create(path, weights_size(weights, model));
  if (!file) return error{"no place for the weights: " + file.message()};
  out.reserved_.emplace(std::move(*file));
  return out;
}

status kept_weights::save(std::span<const layer_group::named_tensor> weights) {
  if (!reserved_) {
    auto another = atomic_file::create(path_);
    if (!another) return another.failure();
    reserved_.emplace(std::move(*another));
  }
  const auto written = write_weights(*reserved_, weights, model_);
  reserved_.reset();
  if (written) saved_ = true;
  return written;
}

void kept_weights::move_to(const std::string& path) {
  path_ = path;
  reserved_.reset();
  saved_ = false;
}

void kept_weights::remove() {
  if (saved_) ::unlink(path_.c_str());
  saved_ = false;
}

} // namespace syngrad::tools
