#include "tools/distributed/kept_weights.hpp"

#include "runtime/io/safetensors.hpp"

#include <map>
#include <unistd.h>

namespace syngrad::tools {

namespace {

std::map<std::string, std::string> metadata_of(const std::string& model) {
  return {{"model", model}, {"program", "syngrad " SYNGRAD_VERSION}};
}

} // namespace

result<kept_weights> kept_weights::reserve(const std::string& path, const run_plan& plan, const std::string& model) {
  std::vector<safetensors_entry> entries;
  for (const auto& group : plan.groups) {
    if (!group.layers) continue;
    for (const auto& each : group.layers->weights())
      entries.push_back({each.name, each.value.type(), each.value.extents(), nullptr});
  }
  kept_weights out(path, model);
  auto file = atomic_file::create(path, safetensors_size(entries, metadata_of(model)));
  if (!file) return error{"no place for the weights: " + file.message()};
  out.reserved_.emplace(std::move(*file));
  return out;
}

status kept_weights::save(std::span<const layer_group::named_tensor> weights) {
  std::vector<safetensors_entry> entries;
  for (const auto& each : weights) entries.push_back(safetensors_entry_of(each.name, each.value));
  if (!reserved_) {
    auto another = atomic_file::create(path_);
    if (!another) return another.failure();
    reserved_.emplace(std::move(*another));
  }
  const auto written = write_safetensors(*reserved_, entries, metadata_of(model_));
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
