#include "actors/setting_checks.hpp"

#include "actors/settings.hpp"
#include "runtime/data/batch_order.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

namespace {

// A data set made by hand has what it says.
status check_samples(const sample_set& samples, const dataset& of, const std::string& which) {
  const auto wrong = [&](const std::string& why) {
    return refuse("data", "the " + which + " samples of '" + of.name + "' " + why);
  };
  const auto check_labels = [&]() -> status {
    for (const auto label : samples.labels)
      if (label != no_label && (label < 0 || label >= of.target.categories))
        return wrong("have the label " + std::to_string(label) + ", which is not below the number of classes, " +
                     std::to_string(of.target.categories));
    return ok();
  };
  if (samples.is_text()) {
    const auto windows = sample_spec{{samples.window}, dtype::i32, of.input.categories};
    if (of.input != windows || of.target != windows || samples.text.size() <= samples.window)
      return wrong("are windows of a text, which inputs and targets are not");
    if (!samples.labels.empty() && static_cast<std::int64_t>(samples.labels.size()) != samples.text.size())
      return wrong("have no label for each token of their text");
    return check_labels();
  }
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(samples.count, 0));
  const auto inputs = count * static_cast<std::size_t>(of.input.elements()),
             targets = count * static_cast<std::size_t>(of.target.elements());
  const bool labelled = of.target.is_numbers();
  const bool tokens = of.input.is_numbers();
  const auto in_files = samples.files.size() == count ? inputs : 0; // read when a batch has them
  if (samples.numbers.size() != (tokens ? inputs : 0) ||
      samples.bytes.size() + samples.floats.size() + in_files != (tokens ? 0 : inputs) ||
      (!samples.bytes.empty() && !samples.floats.empty()))
    return wrong("have no " + of.input.to_string() + " each" + (tokens ? "" : ", as bytes or as floats"));
  for (const auto token : samples.numbers)
    if (token < 0 || token >= of.input.categories)
      return wrong("have the token " + std::to_string(token) + ", which is not below " +
                   std::to_string(of.input.categories));
  if (samples.labels.size() != (labelled ? targets : 0) || samples.values.size() != (labelled ? 0 : targets))
    return wrong("have no " +
                 (!labelled                   ? std::to_string(of.target.elements()) + " values"
                  : of.target.elements() == 1 ? "label"
                                              : std::to_string(of.target.elements()) + " labels") +
                 " each");
  return check_labels();
}

std::string fitting_model(const network& net, const dataset& data) {
  const auto& model = net.description;
  const auto first = model.find('-'), last = model.rfind('-');
  const auto middle = first < last ? model.substr(first, last + 1 - first) : "-";
  return fmt::format("mlp:{}{}{}", data.input.elements(), middle, data.target.categories);
}

// Whether a network takes samples of the data: a vector of as many features is a sample of any shape.
bool takes(const sample_spec& network, const sample_spec& data) {
  if (network.type != data.type || network.elements() != data.elements()) return false;
  if (network.categories > 0 && network.categories < data.categories) return false;
  return network.extents == data.extents || network.extents.rank() < 2 || data.extents.rank() < 2;
}

// ", each below 65" of tokens
std::string below(const sample_spec& spec) {
  return spec.is_numbers() && spec.categories > 0 ? ", each below " + std::to_string(spec.categories) + "," : "";
}

// "784 features and 10 classes", "28x28x1 and 1 values to each". For a network of vectors an image is one.
std::string sizes_of(const dataset& data, const network& net) {
  const auto& to = data.target;
  const auto flat = sample_spec{{data.input.elements()}, data.input.type};
  return (net.input.extents.rank() < 2 ? flat : data.input).to_string() + below(data.input) + " and " +
         (to.is_numbers() ? std::to_string(to.categories) + " classes"
                          : std::to_string(to.elements()) + " values to each") +
         (to.is_numbers() && to.rows() > 1 ? " at each of " + std::to_string(to.rows()) + " positions" : "");
}

std::string sizes_of(const network& net, const sample_spec& output, bool labels) {
  const auto rows = output.rows() > 1 ? " at each of " + std::to_string(output.rows()) + " positions" : "";
  const auto input = net.input.is_numbers() || net.input.extents.rank() > 1 ? net.input.to_string()
                                                                            : std::to_string(net.input.elements());
  return fmt::format("{} takes {}{} and {}{}{}", net.description, input, below(net.input), labels ? "tells " : "gives ",
                     output.features(), rows);
}

} // namespace

std::int64_t training_rows(const training_settings& settings, const dataset& data) {
  return data.train.count - held_out_count(data.train.count, settings.validation_fraction);
}

status check_data(const training_settings& settings, const network& net, const dataset& data) {
  const auto& name = data.name;
  const bool has_labels = data.target.is_numbers(),
             takes_labels = (*make_objective(settings.objective))->takes_labels();
  if (has_labels != takes_labels)
    return refuse("objective", "the targets of the data '" + name + "' are " + (has_labels ? "labels" : "values") +
                                 ", but " + settings.objective.name + " takes " +
                                 (takes_labels ? "labels; use mse" : "values; use cross-entropy"));
  const auto output = infer_specs(net).value().back();
  const bool fits =
    has_labels ? output.features() >= data.target.categories : output.features() == data.target.features();
  if (!takes(net.input, data.input) || output.rows() != data.target.rows() || !fits)
    return refuse("model", "the data '" + name + "' has " + sizes_of(data, net) + ", but " +
                             sizes_of(net, output, has_labels) +
                             (has_labels && net.description.starts_with("mlp:") && data.target.rows() == 1
                                ? "; use --model " + fitting_model(net, data)
                                : ""));
  if (settings.augment)
    if (auto good = settings.augment.check(data.input); !good) return good.failure().prefixed("augment: ");
  if (const auto who = carrying_layer(net); !who.empty()) {
    if (!data.train.is_text())
      return refuse("model", who + " goes on where the batch before ended, and the samples of '" + name +
                               "' do not continue each other; use data that is a text, or \"carry\": false");
    if (!settings.continuing_windows)
      return refuse("windows", "expected continuing, because " + who + " goes on where the batch before ended");
  }
  if (settings.continuing_windows && !data.train.is_text())
    return refuse("windows",
                  "expected random, because the data '" + name + "' is no text, got continuing; leave it out");
  if (data.test.count < 1) return refuse("data", "'" + name + "' has no test samples");
  const auto rows = training_rows(settings, data);
  if (settings.batch_size > rows)
    return refuse("batch", "expected at most " + std::to_string(rows) + ", the training samples of the data '" + name +
                             "', got " + std::to_string(settings.batch_size) + "; use smaller batches");
  return ok();
}

status check_sample_sets(const dataset& data) {
  if (auto good = check_samples(data.train, data, "training"); !good) return good;
  return check_samples(data.test, data, "test");
}

} // namespace syngrad
