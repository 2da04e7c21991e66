#include "tools/predict/predictions.hpp"

#include "actors/batch_source.hpp"
#include "runtime/data/npy_array.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/operators.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <numeric>
#include <span>

namespace syngrad::tools {

namespace {

using content = prediction_form::content;

std::string name_of_class(const prediction_form& form, std::size_t i) {
  return i < form.class_names.size() ? form.class_names[i] : std::to_string(i);
}

// In place; of finite numbers.
void softmax(std::span<float> row) {
  const auto most = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const auto each : row) sum += std::exp(double{each} - most);
  for (auto& each : row) each = static_cast<float>(std::exp(double{each} - most) / sum);
}

std::size_t likeliest(std::span<const float> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

std::string csv_header(const prediction_form& form, bool has_names, std::int64_t columns) {
  std::vector<std::string> titles;
  if (has_names) titles.emplace_back("file");
  if (form.classes == 0)
    for (std::size_t i = 0; i < static_cast<std::size_t>(columns); ++i)
      titles.push_back(i < form.value_names.size() ? form.value_names[i] : "value_" + std::to_string(i));
  if (form.classes > 0 && form.give != content::probabilities) titles.emplace_back("class");
  if (form.classes > 0 && form.give != content::classes)
    for (std::size_t i = 0; i < static_cast<std::size_t>(columns); ++i) titles.push_back("p_" + name_of_class(form, i));
  return join_text(titles, ",", [](const auto& each) { return csv_field(each); }) + "\n";
}

std::string csv_line(const prediction_form& form, const std::string* name, std::span<const float> row) {
  std::vector<std::string> fields;
  if (name) fields.push_back(csv_field(*name));
  if (form.classes > 0 && form.give != content::probabilities)
    fields.push_back(csv_field(name_of_class(form, likeliest(row))));
  if (form.classes == 0 || form.give != content::classes)
    for (const auto each : row) fields.push_back(format_real(each));
  return join_text(fields, ",") + "\n";
}

bool gives_numbers_of_classes(const prediction_form& form) {
  return form.classes > 0 && form.give == content::classes;
}

std::string npy_begin(const prediction_form& form, const sample_spec& output, std::int64_t samples) {
  std::vector<std::int64_t> extents{samples};
  const bool numbers = gives_numbers_of_classes(form);
  for (int axis = 0; axis < output.extents.rank() - (numbers ? 1 : 0); ++axis) extents.push_back(output.extents[axis]);
  return npy_header(numbers ? npy_array::kind::i64 : npy_array::kind::f32, extents);
}

std::string npy_bytes(const prediction_form& form, std::span<const float> row) {
  if (!gives_numbers_of_classes(form)) return {reinterpret_cast<const char*>(row.data()), row.size_bytes()};
  const auto number = static_cast<std::int64_t>(likeliest(row));
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

} // namespace

status check_form(const prediction_form& form, const sample_spec& output) {
  if (form.as_npy || output.rows() == 1) return ok();
  return error::setting(fmt::format("the network has outputs at each of {} positions of a sample, for which a line of "
                                    "csv has no place; write FILE.npy",
                                    output.rows()));
}

status write_predictions(stream& work, trained_network& net, const dataset& data, const prediction_form& form,
                         std::int64_t batch_size, output_file& out) {
  std::vector<std::int64_t> samples(static_cast<std::size_t>(data.test.count));
  std::iota(samples.begin(), samples.end(), 0);
  batch_source batches(work, data.test, data);
  net.begin_evaluation(work);
  const auto& output = net.output();
  out.write(form.as_npy ? npy_begin(form, output, data.test.count)
                        : csv_header(form, !data.test_names.empty(), output.features()));
  for (std::size_t first = 0; first < samples.size() && !out.failed(); first += static_cast<std::size_t>(batch_size)) {
    const auto count = std::min(samples.size() - first, static_cast<std::size_t>(batch_size));
    const auto made = batches.gather(std::span(samples).subspan(first, count));
    const auto outputs = brought_to_host(work, net.forward(work, made.values.view(0, net.input().of(made.samples))));
    work.owner().synchronize();
    const auto rows_of_sample = static_cast<std::size_t>(output.rows());
    for (std::size_t i = 0; i < static_cast<std::size_t>(outputs.rows()); ++i) {
      const std::span row(outputs.f32() + static_cast<std::int64_t>(i) * outputs.columns(),
                          static_cast<std::size_t>(outputs.columns()));
      if (!std::all_of(row.begin(), row.end(), [](float each) { return std::isfinite(each); }))
        return error::data(
          fmt::format("row {}: the network gives numbers that are not finite", first + i / rows_of_sample));
      if (form.classes > 0) softmax(row);
      const auto* name = data.test_names.empty() ? nullptr : &data.test_names[first + i / rows_of_sample];
      out.write(form.as_npy ? npy_bytes(form, row) : csv_line(form, name, row));
    }
  }
  return ok();
}

} // namespace syngrad::tools
