#include "tools/memory/memory_text.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"

#include <array>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

struct memory_column {
  const char* key;
  std::int64_t (*of)(const group_memory&);
};

template <class Number>
std::int64_t memory_number(Number of) {
  return static_cast<std::int64_t>(of);
}

constexpr std::array memory_columns{
  memory_column{"weight_bytes", [](const group_memory& of) { return memory_number(of.weights); }},
  memory_column{"gradient_bytes", [](const group_memory& of) { return memory_number(of.gradients); }},
  memory_column{"moment_bytes", [](const group_memory& of) { return memory_number(of.moments); }},
  memory_column{"predictor_bytes", [](const group_memory& of) { return memory_number(of.predictor); }},
  memory_column{"in_flight", [](const group_memory& of) { return of.in_flight; }},
  memory_column{"cache_bytes", [](const group_memory& of) { return memory_number(of.caches); }},
  memory_column{"most_in_flight", [](const group_memory& of) { return of.most_in_flight; }},
  memory_column{"most_cache_bytes", [](const group_memory& of) { return memory_number(of.most_caches()); }},
};

std::uint64_t held_by(const group_memory& of) {
  return of.held() + of.caches;
}

std::string batches(std::int64_t count) {
  return show_count(count) + (count == 1 ? " batch" : " batches");
}

} // namespace

std::string format_memory_table(const planned_memory& run, const std::string& limit) {
  text_table table({"group", "units", "weights", "gradients", "moments", "predictor", "in flight", "caches", "in all"});
  group_memory sum;
  std::uint64_t caches = 0, all = 0;
  for (std::size_t i = 0; i < run.groups.size(); ++i) {
    const auto& group = run.groups[i];
    table.add({std::to_string(i), group.units, byte_size(group.weights), byte_size(group.gradients),
               byte_size(group.moments), byte_size(group.predictor), show_count(group.in_flight),
               byte_size(group.caches), byte_size(held_by(group))});
    sum.weights += group.weights;
    sum.gradients += group.gradients;
    sum.moments += group.moments;
    sum.predictor += group.predictor;
    caches += group.caches;
    all += held_by(group);
  }
  table.add({"all", "", byte_size(sum.weights), byte_size(sum.gradients), byte_size(sum.moments),
             byte_size(sum.predictor), "", byte_size(caches), byte_size(all)});
  auto text = table.str() +
              "caches: the most that batches keep at once until their gradient has been handled, of as many as are in\n"
              "flight where the run is deterministic.\n\n";
  const auto line = [&](const char* name, const std::string& value) {
    text += fmt::format("{:<10} {}\n", name, value);
  };
  line("groups", byte_size(all));
  line("data",
       fmt::format("{}, {} of {}", byte_size(run.data()), batches(run.data_batches), byte_size(run.data_batch)));
  if (run.samples > 0) line("samples", byte_size(run.samples));
  if (run.workspace() > 0) line("workspace", byte_size(run.workspace()));
  line("at once",
       byte_size(run.most_in_use) + (run.workspace() > 0 ? "" : ": not all groups have most batches at the same time"));
  line("at most", fmt::format("{}, with as many batches in flight as {} lets in", byte_size(run.at_most()), limit));
  return text;
}

std::string format_memory_json(const planned_memory& run) {
  json_writer json;
  json.begin_object();
  const auto entry = [&](const char* key, std::uint64_t bytes) { json.key(key).number(memory_number(bytes)); };
  entry("most_bytes_in_use", run.most_in_use);
  entry("at_most_bytes", run.at_most());
  entry("data_bytes", run.data());
  entry("sample_bytes", run.samples);
  entry("workspace_bytes", run.workspace());
  json.key("groups").begin_array();
  for (const auto& group : run.groups) {
    json.begin_object().key("units").text(group.units);
    for (const auto& column : memory_columns) json.key(column.key).number(column.of(group));
    json.end_object();
  }
  return json.end_array().end_object().str() + "\n";
}

std::string format_memory_csv(const planned_memory& run) {
  std::string text = "group,units";
  for (const auto& column : memory_columns) text += std::string(",") + column.key;
  text += ",bytes\n";
  for (std::size_t i = 0; i < run.groups.size(); ++i) {
    const auto& group = run.groups[i];
    text += fmt::format("{},{}", i, group.units);
    for (const auto& column : memory_columns) text += "," + std::to_string(column.of(group));
    text += fmt::format(",{}\n", held_by(group));
  }
  const auto line = [&](const char* name, std::uint64_t bytes) {
    text += name + std::string(memory_columns.size() + 2, ',') + std::to_string(bytes) + "\n";
  };
  line("data", run.data());
  line("samples", run.samples);
  line("workspace", run.workspace());
  line("at once", run.most_in_use);
  line("at most", run.at_most());
  return text;
}

} // namespace syngrad::tools
