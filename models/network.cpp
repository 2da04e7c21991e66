#include "models/network.hpp"

#include "models/networks/network_kind.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace syngrad {

// ---- from text

namespace {

struct registered_network {
  std::string name;
  network_maker make;
};

std::vector<registered_network>& network_registry() {
  static std::vector<registered_network> all;
  return all;
}

const registered_network* find_registered(std::string_view name) {
  const auto& all = network_registry();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

struct model_text {
  std::string_view name, parameters;
  bool has_parameters;
};

model_text parts_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

bool is_json(std::string_view text) {
  return text.starts_with('{');
}

bool is_file(std::string_view model) {
  return model.ends_with(".json") && !is_json(model) && !find_network_kind(parts_of(model).name);
}

error malformed_model(std::string_view text, const std::string& why, const network_kind& kind) {
  return error::setting("model " + quoted(text) + ": " + why + "; write " + std::string(kind.form) + ", for example " +
                        std::string(kind.example));
}

// Of neither a kind nor a registered network.
error unknown_model(std::string_view text) {
  const auto parts = parts_of(text);
  if (is_file(text))
    return error::setting("model " + quoted(text) +
                          ": a file's JSON makes a network, not its path; read_model() reads it");
  std::vector<std::string> known;
  for (const auto* each : network_kinds()) known.emplace_back(each->name);
  for (const auto& each : network_registry()) known.push_back(each.name);
  const auto why = parts.has_parameters
                     ? "unknown kind " + quoted(parts.name) + "; known are " + join_text(known)
                     : std::string("no kind of network before a ':', and no file that ends in .json");
  return malformed_model(text, why, *network_kinds().front());
}

// Of JSON, or of what a short form stands for.
result<network_document> document_of(std::string_view text) {
  if (is_json(text)) return parse_network_document(text);
  const auto parts = parts_of(text);
  const auto* kind = find_network_kind(parts.name);
  if (!kind)
    return find_registered(parts.name)
             ? error::setting("model " + quoted(text) + ": it is made by code and has no JSON")
             : unknown_model(text);
  auto document = kind->make(parts.parameters);
  return document ? document : malformed_model(text, document.message(), *kind);
}

} // namespace

namespace {

// The last layer with a weight is what makes the outputs.
void mark_outputs(network& of) {
  for (auto unit = of.units.rbegin(); unit != of.units.rend(); ++unit)
    for (auto each = unit->rbegin(); each != unit->rend(); ++each)
      if (mark_output_weight((*each)->parameters())) return;
}

} // namespace

result<network> make_network(const std::string& text) {
  if (const auto* own = find_registered(parts_of(text).name)) {
    auto made = own->make(parts_of(text).parameters);
    if (!made) return made;
    made->description = text;
    mark_outputs(*made);
    return made;
  }
  const auto document = document_of(text);
  if (!document) return document.failure();
  auto made = make_documented_network(*document);
  if (!made) return made.failure().prefixed("model " + (is_json(text) ? "in JSON" : quoted(text)) + ": ");
  if (!is_json(text)) made->description = text;
  mark_outputs(*made);
  return made;
}

result<std::string> read_model(const std::string& model) {
  if (!is_file(model)) return model;
  const auto text = read_text_file(model);
  if (!text) return text.failure();
  auto document = parse_network_document(*text);
  if (!document) return document.failure().prefixed(model + ": ");
  if (auto made = make_documented_network(*document); !made) return made.failure().prefixed(model + ": ");
  network_document named{{"name", model}}; // first, as people write it
  named.update(*document);
  std::string line;
  for (const char c : named.dump()) c == '#' ? line += "\\u0023" : line += c; // one within a text
  return line;
}

std::string complete_model(const std::string& text, const sample_spec& target) {
  const auto parts = parts_of(text);
  const auto* kind = is_json(text) ? nullptr : find_network_kind(parts.name);
  return kind && kind->complete ? std::string(parts.name) + ":" + kind->complete(parts.parameters, target) : text;
}

std::string name_of_model(const std::string& text) {
  if (!is_json(text)) return text;
  const auto document = parse_network_document(text);
  return document ? name_of_document(*document) : text;
}

result<std::string> show_as_json(const std::string& text) {
  const auto document = document_of(text);
  if (!document) return document.failure();
  return show_network_document(*document);
}

status register_network(const std::string& name, network_maker make) {
  if (name.empty() || name.find(':') != std::string::npos)
    return error::setting("the name of a network " + quoted(name) + " is empty or has a ':'; give it another one");
  if (find_network_kind(name) || find_registered(name))
    return error::setting("there is a network " + quoted(name) + " already; give it another name");
  network_registry().push_back({name, std::move(make)});
  return ok();
}

// ---- what it makes of a sample, and needs of a batch

result<std::vector<sample_spec>> infer_specs(const network& net) {
  const auto wrong = [&](const std::string& why) {
    return error::setting("model " + quoted(net.description) + ": " + why);
  };
  if (net.input.elements() < 1) return wrong("it has no inputs; give it the shape of a sample");
  std::vector<sample_spec> specs{net.input};
  for (std::size_t i = 0; i < net.units.size(); ++i) {
    if (net.units[i].empty()) return wrong("unit " + std::to_string(i) + " has no layers; give it at least one");
    for (const auto& each : net.units[i]) {
      const auto number = std::to_string(specs.size() - 1);
      if (!each) return wrong("layer " + number + " is null");
      const auto made = each->infer(specs.back());
      if (!made)
        return wrong("layer " + number + " (" + each->describe() + ") " + made.message() +
                     ", but what is below it gives " + specs.back().to_string());
      if (made->elements() < 1) return wrong("layer " + number + " (" + each->describe() + ") gives nothing");
      specs.push_back(*made);
    }
  }
  if (specs.size() == 1) return wrong("it has no layers; give it at least one");
  return specs;
}

batch_need batch_need_of(const network& net) {
  batch_need most;
  const auto specs = infer_specs(net).value();
  std::size_t number = 0;
  for (const auto& unit : net.units)
    for (const auto& each : unit) {
      const auto samples = each->least_samples(specs[number]);
      if (samples > most.samples) most = {samples, "layer " + std::to_string(number) + " (" + each->describe() + ")"};
      ++number;
    }
  return most;
}

namespace {

// "layer 1 (lstm 128->128)": the first that is such; empty: none.
template <class Predicate>
std::string first_layer_such(const network& net, Predicate is_such) {
  std::size_t number = 0;
  for (const auto& unit : net.units)
    for (const auto& each : unit) {
      if (is_such(*each, number)) return "layer " + std::to_string(number) + " (" + each->describe() + ")";
      ++number;
    }
  return "";
}

} // namespace

std::string layer_without_samples(const network& net, std::size_t layers) {
  return first_layer_such(
    net, [&](const layer& each, std::size_t number) { return number < layers && !each.goes_back_by_samples(); });
}

std::string carrying_layer(const network& net) {
  return first_layer_such(net, [](layer& each, std::size_t) { return !each.carrying_parts().empty(); });
}

} // namespace syngrad
