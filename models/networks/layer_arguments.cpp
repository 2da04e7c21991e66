#include "models/networks/layer_arguments.hpp"

#include "models/networks/document_values.hpp"
#include "models/networks/layer_registry.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace syngrad {

namespace {

const std::string& type_in(const network_document& layer, const std::string& place) {
  if (!layer.is_object()) throw document_fault(place, expected_instead(R"(a layer such as {"type": "ReLU"})", layer));
  const auto found = layer.find("type");
  if (found == layer.end())
    throw document_fault(place, R"(the layer has no "type"; give it one of )" + join_text(known_layers()));
  if (!found->is_string()) throw document_fault(place + ".type", expected_instead("the name of a layer", *found));
  return found->get_ref<const std::string&>();
}

} // namespace

layer_arguments::layer_arguments(const network_document& layer, const network_document* next, std::string place,
                                 sample_spec below)
  : layer_(layer), next_(next), place_(std::move(place)), type_(type_in(layer, place_)), below_(below) {}

const network_document* layer_arguments::find(const std::string& name) {
  asked_.push_back(name);
  const auto found = layer_.find(name);
  return found == layer_.end() ? nullptr : &*found;
}

const network_document& layer_arguments::need(const std::string& name) {
  if (const auto* value = find(name)) return *value;
  throw document_fault(place_, type_ + " needs " + quoted(name));
}

std::int64_t layer_arguments::whole(const std::string& name, whole_range range) {
  return whole_at(place_ + "." + name, need(name), range);
}

std::int64_t layer_arguments::whole(const std::string& name, whole_range range, std::int64_t usual) {
  const auto* value = find(name);
  return value ? whole_at(place_ + "." + name, *value, range) : usual;
}

double layer_arguments::real(const std::string& name, real_range range, double usual) {
  return real_or_none(name, range).value_or(usual);
}

std::optional<double> layer_arguments::real_or_none(const std::string& name, real_range range) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  const auto read = read_real(text_of(*value), range);
  if (!read) refuse(name, read.message());
  return *read;
}

bool layer_arguments::flag(const std::string& name, bool usual) {
  const auto* value = find(name);
  if (!value) return usual;
  const auto read = read_flag(text_of(*value));
  if (!read) refuse(name, read.message());
  return *read;
}

std::string layer_arguments::choice(const std::string& name, const std::vector<std::string>& known,
                                    const std::string& usual) {
  const auto* value = find(name);
  if (!value) return usual;
  const auto given = value->is_string() ? value->get<std::string>() : text_of(*value);
  if (const auto good = check_choice(given, known); !good) refuse(name, good.message());
  return given;
}

extent2d layer_arguments::pair_in(const network_document& value, const std::string& name, whole_range range) const {
  const auto place = place_ + "." + name;
  if (!value.is_array()) return whole_at(place, value, range);
  if (value.size() != 2) refuse(name, expected_instead("one number, or two in a list", value));
  return {whole_at(place + "[0]", value[0], range), whole_at(place + "[1]", value[1], range)};
}

extent2d layer_arguments::pair(const std::string& name, whole_range range) {
  return pair_in(need(name), name, range);
}

extent2d layer_arguments::pair(const std::string& name, whole_range range, extent2d usual) {
  const auto* value = find(name);
  return value ? pair_in(*value, name, range) : usual;
}

layer_list layer_arguments::layers(const std::string& name) {
  auto spec = below_;
  return read_layers(need(name), place_ + "." + name, spec);
}

layer_list layer_arguments::layers_or_none(const std::string& name) {
  const auto* value = find(name);
  auto spec = below_;
  return value ? read_layers(*value, place_ + "." + name, spec) : layer_list();
}

bool layer_arguments::takes_next(const std::string& type) {
  taken_next_ =
    next_ && next_->is_object() && next_->size() == 1 && next_->contains("type") && (*next_)["type"] == type;
  return taken_next_;
}

void layer_arguments::refuse(const std::string& name, const std::string& why) const {
  throw document_fault(place_ + "." + name, why);
}

void layer_arguments::check_all_read() const {
  for (const auto& [name, value] : layer_.items()) {
    if (name == "type" || std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    auto nearest = suggest(name, asked_, "");
    if (nearest.empty()) nearest = asked_.empty() ? ": it takes none" : ": it takes " + join_text(asked_);
    throw document_fault(place_, type_ + " has no argument " + quoted_begin(name) + nearest);
  }
}

layer_list read_layers(const network_document& list, const std::string& place, sample_spec& spec) {
  if (!list.is_array() || list.empty()) throw document_fault(place, expected_instead("a list of layers", list));
  layer_list layers;
  for (std::size_t i = 0; i < list.size(); ++i) {
    layer_arguments given(list[i], i + 1 < list.size() ? &list[i + 1] : nullptr, place + "[" + std::to_string(i) + "]",
                          spec);
    auto made = make_documented_layer(given);
    const auto above = made->infer(spec);
    if (!above)
      throw document_fault(given.place(),
                           given.type() + " " + above.message() + ", but what is below it gives " + spec.to_string());
    spec = *above;
    layers.push_back(std::move(made));
    if (given.has_taken_next()) ++i;
  }
  return layers;
}

} // namespace syngrad
