#include "tools/checkpoint/stored_text.hpp"

#include "actors/checkpoints/checkpoint_folder.hpp"
#include "runtime/io/json_writer.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"

#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <system_error>

namespace syngrad::tools {

namespace {

bool is_of_network(const std::string& name) {
  return !name.empty() && name[0] >= '0' && name[0] <= '9';
}

std::string shape_text(const shape& of) {
  std::string text;
  for (int axis = 0; axis < of.rank(); ++axis) text += (axis ? "x" : "") + std::to_string(of[axis]);
  return text.empty() ? "one" : text;
}

std::uint64_t file_bytes(const std::string& path) {
  std::error_code unknown;
  const auto bytes = std::filesystem::file_size(path, unknown);
  return unknown ? 0 : bytes;
}

std::string words_text(const std::map<std::string, std::string>& words) {
  constexpr std::size_t most = 60;
  std::string text;
  for (const auto& [name, value] : words)
    text += "  " + name + ": " + (value.size() > most ? visible(value.substr(0, most)) + "..." : visible(value)) + "\n";
  return text;
}

std::string tensors_text(const safetensors_file& file, bool all) {
  text_table table({"tensor", "type", "shape", "norm", "least", "most"});
  std::int64_t numbers = 0, left_out = 0, nonfinite = 0;
  for (const auto& each : file.tensors) {
    numbers += each.extents.elements();
    if (!all && !is_of_network(each.name)) {
      ++left_out;
      continue;
    }
    const auto figures = figures_of(each);
    nonfinite += figures.nonfinite;
    table.add({visible(each.name), safetensors_name(each.type), shape_text(each.extents), show_real(figures.norm, 4),
               show_real(figures.least, 4), show_real(figures.most, 4)});
  }
  auto text = left_out == static_cast<std::int64_t>(file.tensors.size()) ? std::string() : table.str();
  text += fmt::format("{} tensors, {} numbers", file.tensors.size(), show_count(numbers));
  if (left_out > 0) text += fmt::format("; {} that are no weights are left out (--all)", left_out);
  if (nonfinite > 0) text += fmt::format("; {} numbers are not finite", show_count(nonfinite));
  return text + "\n";
}

std::string file_text(const std::string& path, const std::string& title, bool all) {
  const auto file = read_safetensors(path);
  if (!file) return title + ": " + file.message() + "\n";
  const auto sum = sum_of_file(path);
  return fmt::format("{}: {}, sum {}\n", title, byte_size(file_bytes(path)), sum ? *sum : sum.message()) +
         words_text(file->metadata) + tensors_text(*file, all);
}

std::string checkpoint_text(const std::string& path, bool all) {
  const auto manifest = read_checkpoint_manifest(path);
  if (!manifest) return path + ": " + manifest.message() + "\n";
  auto text = fmt::format("{}: after {} steps, by {}\n", path, show_count(manifest->step), manifest->facts.program) +
              words_text(manifest->words);
  for (const auto& part : manifest->parts) text += file_text(path + "/" + part.file, part.name, all);
  return text;
}

// ---- JSON

void write_word_map(json_writer& json, const char* key, const std::map<std::string, std::string>& words) {
  json.key(key).begin_object();
  for (const auto& [name, value] : words) json.key(name).text(value);
  json.end_object();
}

void write_file_members(json_writer& json, const std::string& path, bool all) {
  json.key("file").text(path);
  const auto file = read_safetensors(path);
  if (!file) {
    json.key("failure").text(file.message());
    return;
  }
  json.key("bytes").number(static_cast<std::int64_t>(file_bytes(path)));
  const auto sum = sum_of_file(path);
  json.key("sum").text(sum ? *sum : std::string());
  write_word_map(json, "metadata", file->metadata);
  json.key("tensors").begin_array();
  for (const auto& each : file->tensors) {
    if (!all && !is_of_network(each.name)) continue;
    const auto figures = figures_of(each);
    json.begin_object()
      .key("name")
      .text(each.name)
      .key("type")
      .text(safetensors_name(each.type))
      .key("shape")
      .begin_array();
    for (int axis = 0; axis < each.extents.rank(); ++axis) json.number(each.extents[axis]);
    json.end_array().key("norm").number(figures.norm).key("min").number(figures.least).key("max").number(figures.most);
    json.key("nonfinite").number(figures.nonfinite).end_object();
  }
  json.end_array();
}

void write_checkpoint_members(json_writer& json, const std::string& path, bool all) {
  json.key("checkpoint").text(path);
  const auto manifest = read_checkpoint_manifest(path);
  if (!manifest) {
    json.key("failure").text(manifest.message());
    return;
  }
  json.key("step").number(manifest->step).key("program").text(manifest->facts.program);
  write_word_map(json, "words", manifest->words);
  json.key("parts").begin_array();
  for (const auto& part : manifest->parts) {
    json.begin_object().key("name").text(part.name);
    write_file_members(json, path + "/" + part.file, all);
    json.end_object();
  }
  json.end_array();
}

} // namespace

std::string describe_stored(const stored_files& of, bool all) {
  std::vector<std::string> texts;
  for (const auto& each : of.weights) texts.push_back(file_text(each, each, all));
  for (const auto& each : of.checkpoints) texts.push_back(checkpoint_text(each, all));
  return join_text(texts, "\n");
}

std::string describe_stored_json(const stored_files& of, bool all) {
  json_writer json;
  json.begin_array();
  for (const auto& each : of.weights) {
    json.begin_object();
    write_file_members(json, each, all);
    json.end_object();
  }
  for (const auto& each : of.checkpoints) {
    json.begin_object();
    write_checkpoint_members(json, each, all);
    json.end_object();
  }
  return json.end_array().str() + "\n";
}

} // namespace syngrad::tools
