#include "tools/checkpoint/torch_exchange.hpp"

#include "models/networks/torch_form.hpp"
#include "runtime/text.hpp"
#include "tools/run_folder/weights_files.hpp"

#include <cstring>
#include <fmt/core.h>
#include <list>
#include <map>

namespace syngrad::tools {

namespace {

using tensors_by_name = std::map<std::string, const safetensors_tensor*>;

tensors_by_name by_name(const safetensors_file& file) {
  tensors_by_name all;
  for (const auto& each : file.tensors) all.emplace(each.name, &each);
  return all;
}

std::span<const float> floats_of(const safetensors_tensor& from) {
  return {reinterpret_cast<const float*>(from.bytes.data()), static_cast<std::size_t>(from.extents.elements())};
}

// The tensor of that name, taken out of `left`; it holds floats, of as many elements as `extents` and of that shape
// where `same_shape`.
result<const safetensors_tensor*> take(tensors_by_name& left, const std::string& name, const shape& extents,
                                       bool same_shape) {
  const auto found = left.find(name);
  if (found == left.end()) return error::data("there is no '" + name + "', which the model has");
  const auto* each = found->second;
  if (each->type != dtype::f32) return error::data("'" + name + "' is of another type than F32; convert it");
  if (same_shape ? each->extents != extents : each->extents.elements() != extents.elements())
    return error::data(
      fmt::format("'{}' is {}, in the model {}", name, each->extents.to_string(), extents.to_string()));
  left.erase(found);
  return each;
}

status check_nothing_left(const tensors_by_name& left) {
  if (left.empty()) return ok();
  return error::data("'" + left.begin()->first + "' belongs to no layer of the model");
}

status write_entries(const std::string& out, const std::vector<safetensors_entry>& entries,
                     const std::map<std::string, std::string>& metadata) {
  auto file = atomic_file::create(out, safetensors_size(entries, metadata));
  return file ? write_safetensors(*file, entries, metadata) : status(file.failure());
}

shape shape_of_ours(const torch_tensor& of, const network& net) {
  int number = 0;
  for (const auto& unit : net.units)
    for (const auto& each : unit) {
      for (const auto* parameter : each->parameters())
        if (std::to_string(number) + "." + parameter->name == of.ours) return parameter->extents;
      ++number;
    }
  return of.extents;
}

} // namespace

status export_to_torch(const safetensors_file& weights, const std::string& model, const std::string& out) {
  const auto form = torch_form_of(model);
  if (!form) return form.failure();
  auto left = by_name(weights);
  std::list<std::vector<float>> values; // stable addresses
  std::vector<safetensors_entry> entries;
  const auto step = weights.metadata.find("step");
  const auto batches = step == weights.metadata.end()
                         ? std::int32_t{0}
                         : parse_number<std::int32_t>(std::string_view(step->second)).value_or(0);
  for (const auto& each : form->tensors) {
    if (each.ours.empty()) {
      entries.push_back({each.theirs, dtype::i32, {}, &batches});
      continue;
    }
    const auto found = take(left, each.ours, each.extents, false);
    if (!found) return found.failure();
    values.push_back(each.to_theirs(floats_of(**found)));
    entries.push_back({each.theirs, dtype::f32, each.extents, values.back().data()});
  }
  if (auto good = check_nothing_left(left); !good) return good;
  return write_entries(out, entries, {{"format", "pt"}, {"model", model}});
}

status import_from_torch(const safetensors_file& state, const std::string& model, const std::string& out) {
  const auto form = torch_form_of(model);
  if (!form) return form.failure();
  const auto net = make_network(model);
  if (!net) return net.failure();
  auto left = by_name(state);
  std::list<std::vector<float>> values;
  std::vector<safetensors_entry> entries;
  for (const auto& each : form->tensors) {
    if (each.ours.empty()) {
      left.erase(each.theirs);
      continue;
    }
    const auto found = take(left, each.theirs, each.extents, true);
    if (!found) return found.failure();
    values.push_back(each.to_ours(floats_of(**found)));
    entries.push_back({each.ours, dtype::f32, shape_of_ours(each, *net), values.back().data()});
  }
  if (auto good = check_nothing_left(left); !good) return good;
  return write_entries(out, entries, weights_metadata(model));
}

} // namespace syngrad::tools
