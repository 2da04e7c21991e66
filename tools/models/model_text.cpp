#include "tools/models/model_text.hpp"

#include "models/networks/network_kind.hpp"
#include "runtime/io/json_writer.hpp"
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace syngrad::tools {

namespace {

std::int64_t trained_elements(layer& of) {
  std::int64_t sum = 0;
  for (const auto* each : of.parameters())
    if (each->trained()) sum += each->extents.elements();
  return sum;
}

struct model_costs {
  std::int64_t parameters = 0;
  double multiply_adds = 0;

  void add(const unit_summary& unit) {
    parameters += unit.parameters;
    multiply_adds += unit.multiply_adds;
  }
};

model_costs all_of(const model_summary& model) {
  model_costs sum;
  for (const auto& each : model.units) sum.add(each);
  return sum;
}

struct group_costs : model_costs {
  int units = 0;
};

std::vector<group_costs> groups_of(const model_summary& model) {
  std::vector<group_costs> groups;
  for (const auto& each : model.units) {
    if (static_cast<std::size_t>(each.group) == groups.size()) groups.emplace_back();
    groups.back().add(each);
    ++groups.back().units;
  }
  return groups;
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

std::string show_multiply_adds(double count) {
  return show_count(std::llround(count));
}

std::string many(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

} // namespace

model_summary summarize_model(const network& net, const std::vector<int>& split) {
  const auto specs = infer_specs(net).value();
  model_summary out{net.description, net.input, {}};
  std::size_t layer = 0;
  int group = 0, units_left = split.front();
  for (const auto& unit : net.units) {
    if (units_left-- == 0) units_left = split[static_cast<std::size_t>(++group)] - 1;
    unit_summary summary;
    summary.group = group;
    for (const auto& each : unit) {
      summary.layers.push_back(each->describe());
      summary.parameters += trained_elements(*each);
      summary.multiply_adds += each->multiply_adds(specs[layer]);
      ++layer;
    }
    summary.output = specs[layer];
    out.units.push_back(std::move(summary));
  }
  return out;
}

std::string format_model_table(const model_summary& model) {
  const auto all = all_of(model);
  text_table table({"group", "unit", "gives", "parameters", "multiply-adds", "share"});
  std::vector<std::string> layers{"layers"};
  for (std::size_t i = 0; i < model.units.size(); ++i) {
    const auto& unit = model.units[i];
    table.add({std::to_string(unit.group), std::to_string(i), unit.output.to_string(), show_count(unit.parameters),
               show_multiply_adds(unit.multiply_adds), show_percent(share(unit.multiply_adds, all.multiply_adds))});
    const auto same = std::find_if(model.units.begin(), model.units.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const auto& each) { return each.layers == unit.layers; });
    layers.push_back(unit.layers.size() > 1 && &*same != &unit ? "as unit " + std::to_string(same - model.units.begin())
                                                               : join_text(unit.layers, "; "));
  }
  table.add({"all", "", "", show_count(all.parameters), show_multiply_adds(all.multiply_adds), ""});
  layers.emplace_back();

  const auto unit = unit_of(model.input);
  const auto input = unit.a_sample > 1 ? std::to_string(unit.a_sample) + " " + unit.name : model.input.to_string();
  std::string text = "model " + model.name + ", of " + input + " a sample\n\n";
  std::istringstream lines(table.str());
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line); ++number)
    text += line + (layers[number].empty() ? "" : "  " + layers[number]) + '\n';
  text += "multiply-adds: of a sample, forward and backward; about a third of them forward\n";

  const auto groups = groups_of(model);
  return text + many(groups.size(), "group") + " of " +
         join_text(groups, ",", [](const auto& each) { return std::to_string(each.units); }) + " units, with " +
         join_text(groups, ", ",
                   [&](const auto& each) { return show_percent(share(each.multiply_adds, all.multiply_adds)); }) +
         " of the multiply-adds\n";
}

namespace {

void write_sizes(json_writer& json, const sample_spec& of) {
  json.begin_object().key("shape").begin_array();
  for (int axis = 0; axis < of.extents.rank(); ++axis) json.number(of.extents[axis]);
  json.end_array();
  if (of.is_numbers()) json.key("categories").number(std::int64_t{of.categories});
  json.end_object();
}

void write_costs(json_writer& json, const model_costs& of) {
  json.key("parameters").number(of.parameters);
  json.key("multiply_adds").number(static_cast<std::int64_t>(std::llround(of.multiply_adds)));
}

} // namespace

std::string format_model_json(const model_summary& model) {
  json_writer json;
  json.begin_object().key("model").text(model.name).key("input");
  write_sizes(json, model.input);
  write_costs(json, all_of(model));
  json.key("groups").begin_array();
  for (const auto& each : groups_of(model)) {
    json.begin_object().key("units").number(std::int64_t{each.units});
    write_costs(json, each);
    json.end_object();
  }
  json.end_array().key("units").begin_array();
  for (const auto& unit : model.units) {
    json.begin_object().key("group").number(std::int64_t{unit.group}).key("layers").begin_array();
    for (const auto& each : unit.layers) json.text(each);
    json.end_array().key("output");
    write_sizes(json, unit.output);
    model_costs costs;
    costs.add(unit);
    write_costs(json, costs);
    json.end_object();
  }
  return json.end_array().end_object().str() + "\n";
}

std::string format_kinds_table() {
  std::string text;
  for (const auto* kind : network_kinds())
    text += std::string(kind->form) + "\n    " + std::string(kind->summary) + "\n    for example " +
            std::string(kind->example) + "\n";
  return text +
         "FILE.json\n    Units of layers with PyTorch's names and arguments; --as-json prints one to start from\n";
}

std::string format_kinds_json() {
  json_writer json;
  json.begin_array();
  for (const auto* kind : network_kinds()) {
    json.begin_object().key("kind").text(kind->name).key("form").text(kind->form);
    json.key("summary").text(kind->summary).key("example").text(kind->example).end_object();
  }
  return json.end_array().str() + "\n";
}

} // namespace syngrad::tools
