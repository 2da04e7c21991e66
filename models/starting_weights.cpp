#include "models/starting_weights.hpp"

#include "runtime/operators.hpp"

#include <set>

namespace syngrad {

namespace {

std::string sizes(const shape& of) {
  std::string text;
  for (int axis = 0; axis < of.rank(); ++axis) text += (axis ? "x" : "") + std::to_string(of[axis]);
  return text;
}

} // namespace

starting_weights::starting_weights(safetensors_file file) {
  for (auto& each : file.tensors) {
    const auto name = each.name;
    tensors_.emplace(name, std::move(each));
  }
}

const safetensors_tensor* starting_weights::find(const std::string& name, const shape& extents) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end() || found->second.extents != extents || found->second.type != dtype::f32) return nullptr;
  return &found->second;
}

starting_weights::match starting_weights::match_with(const network& net) const {
  match out;
  std::set<std::string> names;
  int number = 0;
  for (const auto& unit : net.units)
    for (const auto& layer : unit) {
      for (const auto* each : layer->parameters()) {
        const auto name = std::to_string(number) + "." + each->name;
        names.insert(name);
        const auto there = tensors_.find(name);
        if (find(name, each->extents))
          out.taken.push_back(name);
        else if (there != tensors_.end())
          out.misfits.push_back(name + " (" + sizes(there->second.extents) + ", here " + sizes(each->extents) + ")");
        else
          out.missing.push_back(name);
      }
      ++number;
    }
  for (const auto& [name, value] : tensors_)
    if (!names.contains(name)) out.unused.push_back(name);
  return out;
}

void starting_weights::give(stream& work, const std::string& name, tensor& to) const {
  if (const auto* from = find(name, to.extents())) work.ops().upload(work, from->bytes.data(), to);
}

} // namespace syngrad
