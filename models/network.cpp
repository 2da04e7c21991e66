#include "models/network.hpp"

#include "models/layers/batch_norm.hpp"
#include "models/layers/linear.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <limits>

namespace syngrad {

namespace {

constexpr std::int64_t max_width = 65536;
constexpr std::int64_t max_count = 1000;

error malformed_model(const std::string& description, const std::string& why) {
  return {error_kind::setting, "model " + quoted(description) + ": " + why +
                                 "; write mlp:INPUTS-WIDTHxCOUNT-CLASSES, for example " +
                                 "mlp:784-256x5-10 or mlp:784-512-256x3-10"};
}

result<std::int64_t> parse_bounded(const std::string& description, std::string_view text, const char* what,
                                   std::int64_t lowest, std::int64_t highest) {
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < lowest || *number > highest)
    return malformed_model(description, std::string(what) + " " + quoted(text) + " is not a whole number from " +
                                          std::to_string(lowest) + " to " + std::to_string(highest));
  return *number;
}

// The widths of all hidden units: parts WIDTH or WIDTHxCOUNT.
result<std::vector<std::int64_t>> parse_hidden(const std::string& description,
                                               const std::vector<std::string_view>& parts) {
  std::vector<std::int64_t> widths;
  for (const auto part : parts) {
    const auto cross = part.find('x');
    const auto width = parse_bounded(description, part.substr(0, cross), "the width", 1, max_width);
    if (!width) return width.failure();
    std::size_t count = 1;
    if (cross != std::string_view::npos) {
      const auto given = parse_bounded(description, part.substr(cross + 1), "the count of layers", 1, max_count);
      if (!given) return given.failure();
      count = static_cast<std::size_t>(*given);
    }
    widths.insert(widths.end(), count, *width);
    if (widths.size() > static_cast<std::size_t>(max_count))
      return malformed_model(description, "more than " + std::to_string(max_count) + " hidden layers");
  }
  return widths;
}

layer_list make_hidden_unit(std::int64_t inputs, std::int64_t width) {
  layer_list unit;
  unit.push_back(std::make_unique<linear>(inputs, width, false));
  unit.push_back(std::make_unique<batch_norm>(width, batch_norm::options{.relu = true}));
  return unit;
}

result<network> make_mlp(const std::string& description, std::string_view shape_text) {
  auto parts = split_text(shape_text, '-');
  if (parts.size() < 2) return malformed_model(description, "inputs and outputs are needed");
  const auto inputs = parse_bounded(description, parts.front(), "the number of inputs", 1, max_width);
  if (!inputs) return inputs.failure();
  const auto outputs = parse_bounded(description, parts.back(), "the number of outputs", 1, max_width);
  if (!outputs) return outputs.failure();
  const auto hidden = parse_hidden(description, {parts.begin() + 1, parts.end() - 1});
  if (!hidden) return hidden.failure();

  network made{description, {{*inputs}}, {}};
  auto width = *inputs;
  for (const auto next : *hidden) {
    made.units.push_back(make_hidden_unit(width, next));
    width = next;
  }
  made.units.emplace_back().push_back(std::make_unique<linear>(width, *outputs, true));
  return made;
}

struct network_kind {
  std::string name; // before the colon
  network_maker make;
};

std::vector<network_kind>& network_registry() {
  static std::vector<network_kind> all{
    {"mlp", [](std::string_view parameters) { return make_mlp("mlp:" + std::string(parameters), parameters); }},
  };
  return all;
}

const network_kind* find_network(std::string_view name) {
  for (const auto& each : network_registry())
    if (each.name == name) return &each;
  return nullptr;
}

} // namespace

result<network> make_network(const std::string& description) {
  const std::string_view text = description;
  const auto colon = text.find(':');
  const bool alone = colon == std::string_view::npos;
  if (const auto* kind = find_network(text.substr(0, colon))) {
    auto made = kind->make(alone ? std::string_view() : text.substr(colon + 1));
    if (made) made->description = description;
    return made;
  }
  if (alone) return malformed_model(description, "no kind of network before a ':'");
  std::string known;
  for (const auto& each : network_registry()) known += (known.empty() ? "" : ", ") + each.name;
  return malformed_model(description, "unknown kind " + quoted(text.substr(0, colon)) + ", known is " + known);
}

status register_network(const std::string& name, network_maker make) {
  if (name.empty() || name.find(':') != std::string::npos)
    return error::setting("the name of a network " + quoted(name) + " is empty or has a ':'; give it another one");
  if (find_network(name))
    return error::setting("there is a network " + quoted(name) + " already; give it another name");
  network_registry().push_back({name, std::move(make)});
  return ok();
}

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

// ---- the split

// The split of a network into groups: first the least possible cost of the most expensive group, then, among the
// splits that reach it, the one whose costs differ least (least sum of squares). Both by dynamic programming over
// (groups used, units used).
namespace {

constexpr double unreachable = std::numeric_limits<double>::infinity();

class splitter {
public:
  // `specs`: as infer_specs() finds them.
  splitter(const network& net, const std::vector<sample_spec>& specs) : units_(net.units.size()), cost_before_(1, 0.0) {
    auto below = specs.begin();
    for (const auto& unit : net.units) {
      double cost = 0;
      for (const auto& each : unit) cost += each->multiply_adds(*below++);
      cost_before_.push_back(cost_before_.back() + cost);
    }
  }

  std::vector<int> split(std::size_t groups) const {
    const auto limit = cheapest(groups, unreachable, [](double a, double b) { return std::max(a, b); }).back().back();
    // Costs are sums in different orders: allow for their rounding.
    const auto squares = cheapest(groups, limit.total * (1 + 1e-9), [](double a, double b) { return a + b * b; });
    std::vector<int> counts(groups);
    auto end = units_;
    for (auto g = groups; g-- > 0;) {
      const auto begin = squares[g + 1][end].last_begin;
      counts[g] = static_cast<int>(end - begin);
      end = begin;
    }
    return counts;
  }

private:
  struct entry {
    double total = unreachable;
    std::size_t last_begin = 0; // first unit of the last group
  };
  using table = std::vector<std::vector<entry>>; // [groups used][units used]

  // The least `combine(total before, cost of the last group)`, no group costing more than `limit` or being empty.
  // `combine` grows with both.
  template <class Combine>
  table cheapest(std::size_t groups, double limit, Combine combine) const {
    table best(groups + 1, std::vector<entry>(units_ + 1));
    best[0][0].total = 0;
    for (std::size_t g = 1; g <= groups; ++g)
      for (auto end = g; end <= units_; ++end)
        for (auto begin = end; begin-- > g - 1;) {
          const auto cost = cost_before_[end] - cost_before_[begin];
          const auto total = combine(best[g - 1][begin].total, cost);
          if (cost > limit || combine(0, cost) > best[g][end].total) break; // a longer last group only costs more
          if (total < best[g][end].total) best[g][end] = {total, begin};
        }
    return best;
  }

  std::size_t units_;
  std::vector<double> cost_before_; // of the units before unit i
};

} // namespace

result<std::vector<int>> split_evenly(const network& net, int groups) {
  const auto units = net.units.size();
  if (groups < 1 || static_cast<std::size_t>(groups) > units)
    return error::setting("model " + quoted(net.description) + " cannot be split into " + std::to_string(groups) +
                          " groups: it has " + std::to_string(units) + " layers that can be separated; ask for 1 to " +
                          std::to_string(units) + " groups");
  const auto specs = infer_specs(net);
  if (!specs) return specs.failure();
  return splitter(net, *specs).split(static_cast<std::size_t>(groups));
}

} // namespace syngrad
