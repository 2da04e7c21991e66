#include "tools/evaluate/evaluation_text.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/io/text_file.hpp"
#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

constexpr std::int32_t widest_matrix = 24; // of classes, as a terminal has room for

std::string name_of_class(const evaluation_origin& from, std::int32_t i) {
  const auto at = static_cast<std::size_t>(i);
  return at < from.class_names.size() ? visible(from.class_names[at]) : std::to_string(i);
}

std::string format_matrix(const confusion_matrix& of, const evaluation_origin& from) {
  std::vector<std::string> titles{""};
  for (std::int32_t i = 0; i < of.classes(); ++i) titles.push_back(name_of_class(from, i));
  titles.insert(titles.end(), {"recall", "precision"});
  text_table table(titles);
  for (std::int32_t is = 0; is < of.classes(); ++is) {
    std::vector<std::string> cells{name_of_class(from, is)};
    for (std::int32_t as = 0; as < of.classes(); ++as) cells.push_back(show_count(of.count(is, as)));
    cells.insert(cells.end(), {show_percent(of.recall(is), 1), show_percent(of.precision(is), 1)});
    table.add(std::move(cells));
  }
  return "Rows: what samples are; columns: what they were taken for.\n" + table.str();
}

std::string format_most_confused(const confusion_matrix& of, const evaluation_origin& from) {
  constexpr std::size_t shown = 20;
  struct mistake {
    std::int64_t count;
    std::int32_t is, as;
  };
  std::vector<mistake> mistakes;
  for (std::int32_t is = 0; is < of.classes(); ++is)
    for (std::int32_t as = 0; as < of.classes(); ++as)
      if (is != as && of.count(is, as) > 0) mistakes.push_back({of.count(is, as), is, as});
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  if (mistakes.empty()) return "No sample was taken for another class.\n";
  text_table table({"times", "is", "taken for"});
  mistakes.resize(std::min(mistakes.size(), shown));
  for (const auto& each : mistakes)
    table.add({show_count(each.count), name_of_class(from, each.is), name_of_class(from, each.as)});
  return fmt::format("Of {} classes, the most frequent mistakes (--format json has all):\n", of.classes()) +
         table.str();
}

void write_text_or_null(json_writer& json, const std::string& text) {
  text.empty() ? json.null() : json.text(text);
}

void write_confusion(json_writer& json, const confusion_matrix& of, const evaluation_origin& from) {
  if (of.classes() == 0) {
    for (const auto* key : {"classes", "confusion", "recall", "precision"}) json.key(key).null();
    return;
  }
  json.key("classes").begin_array();
  for (std::int32_t i = 0; i < of.classes(); ++i)
    json.text(static_cast<std::size_t>(i) < from.class_names.size() ? from.class_names[static_cast<std::size_t>(i)]
                                                                    : std::to_string(i));
  json.end_array().key("confusion").begin_array();
  for (std::int32_t is = 0; is < of.classes(); ++is) {
    json.begin_array();
    for (std::int32_t as = 0; as < of.classes(); ++as) json.number(of.count(is, as));
    json.end_array();
  }
  json.end_array().key("recall").begin_array();
  for (std::int32_t i = 0; i < of.classes(); ++i) json.number(of.recall(i));
  json.end_array().key("precision").begin_array();
  for (std::int32_t i = 0; i < of.classes(); ++i) json.number(of.precision(i));
  json.end_array();
}

} // namespace

std::string format_evaluation(const evaluation& of, const evaluation_origin& from) {
  text_table table({"metric", "value", "unit"});
  for (const auto& each : of.metrics)
    table.add({each.of.name, show_real(each.value, each.of.unit == "%" ? 2 : 4), each.of.unit});
  table.add({"loss", show_real(of.totals.mean_loss(), 4), from.loss_unit});
  const auto counted = of.samples * from.unit.a_sample;
  auto text =
    fmt::format("{} on {}: {} {}\n\n{}", from.weights, from.data, show_count(counted), from.unit.name, table.str());
  if (of.confusion.classes() == 0) return text;
  return text + "\n" +
         (of.confusion.classes() <= widest_matrix ? format_matrix(of.confusion, from)
                                                  : format_most_confused(of.confusion, from));
}

std::string format_evaluation_json(const evaluation& of, const evaluation_origin& from) {
  json_writer json;
  json.begin_object().key("run").text(from.run).key("weights").text(from.weights).key("data").text(from.data);
  json.key("samples").number(of.samples).key("loss").number(of.totals.mean_loss()).key("loss_unit");
  write_text_or_null(json, from.loss_unit);
  json.key("terms").number(of.totals.terms).key("metrics").begin_array();
  bool judges = true;
  for (const auto& each : of.metrics) {
    json.begin_object().key("name").text(each.of.name).key("unit");
    write_text_or_null(json, each.of.unit);
    json.key("value").number(each.value).key("judges").boolean(judges).end_object();
    judges = false;
  }
  json.end_array();
  write_confusion(json, of.confusion, from);
  return json.end_object().str() + "\n";
}

} // namespace syngrad::tools
