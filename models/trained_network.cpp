#include "models/trained_network.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace syngrad {

namespace {

std::string text_of(const shape& extents) {
  std::string text;
  for (int axis = 0; axis < extents.rank(); ++axis) text += (axis ? "x" : "") + std::to_string(extents[axis]);
  return text;
}

// Weights by their names, each used once.
class weights_by_name {
public:
  explicit weights_by_name(std::span<const safetensors_tensor> all) {
    for (const auto& each : all) left_.emplace(each.name, &each);
  }

  status give(stream& owner, const std::string& name, parameter& to) {
    const auto found = left_.find(name);
    if (found == left_.end())
      return error::data("there is no '" + name + "', which the model has as " + text_of(to.extents));
    const auto& from = *found->second;
    if (from.extents != to.extents || from.type != dtype::f32)
      return error::data("'" + name + "' is " + text_of(from.extents) +
                         (from.type == dtype::f32 ? "" : " of another type than F32") + ", in the model " +
                         text_of(to.extents));
    to.value = make_tensor(owner, to.extents);
    owner.ops().upload(owner, from.bytes.data(), to.value);
    left_.erase(found);
    return ok();
  }

  status check_all_given() const {
    if (left_.empty()) return ok();
    return error::data("'" + std::string(left_.begin()->first) + "' belongs to no layer of the model");
  }

private:
  std::map<std::string_view, const safetensors_tensor*> left_;
};

} // namespace

result<trained_network> trained_network::make(stream& owner, network net, std::span<const safetensors_tensor> weights) {
  const auto specs = infer_specs(net);
  if (!specs) return specs.failure();
  weights_by_name given(weights);
  layer_list layers;
  for (auto& unit : net.units)
    for (auto& each : unit) {
      for (auto* parameter : each->parameters())
        if (auto done = given.give(owner, std::to_string(layers.size()) + "." + parameter->name, *parameter); !done)
          return done.failure();
      layers.push_back(std::move(each));
    }
  if (auto done = given.check_all_given(); !done) return done.failure();
  return trained_network(std::move(layers), specs->front(), specs->back());
}

tensor trained_network::forward(stream& s, const tensor& x) {
  auto y = x;
  for (const auto& each : layers_) y = each->forward(s, y, phase::evaluate, {});
  return y.view(0, {y.rows(), y.columns()});
}

bool trained_network::works_by_position() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const auto& each) { return each->works_by_position(); });
}

void trained_network::begin_evaluation(stream& s) {
  for (const auto& each : layers_)
    for (auto* part : each->carrying_parts()) part->begin_evaluation(s);
}

void trained_network::continue_evaluations(bool wanted) {
  for (const auto& each : layers_) each->continue_evaluations(wanted);
}

} // namespace syngrad
