#include "actors/checkpoints/checkpoint_manifest.hpp"

#include "actors/links/link_packets.hpp"
#include "runtime/io/json_writer.hpp"
#include "runtime/io/text_file.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace syngrad {

namespace {

constexpr std::int64_t manifest_format = 1;

void write_words(json_writer& json, const char* key, const std::map<std::string, std::string>& words) {
  json.key(key).begin_object();
  for (const auto& [name, value] : words) json.key(name).text(value);
  json.end_object();
}

// The last member of the object, whose sum is that of the text without it.
std::string sum_member(const std::string& text) {
  chunk_sum sum;
  sum.add(text.data(), text.size());
  return fmt::format(",\n  \"sum\": \"{:016x}\"", sum.get());
}

constexpr std::string_view object_end = "\n}\n";

// Takes the sum out of the text that it is of.
status take_sum(std::string& text) {
  const auto at = text.rfind(",\n  \"sum\": ");
  if (at == text.npos || !text.ends_with(object_end)) return error::data("it is cut, or has no sum");
  const auto member = text.substr(at, text.size() - object_end.size() - at);
  text.erase(at, member.size());
  return member == sum_member(text) ? ok() : error::data("its sum is another one");
}

// ---- reading: whatever is not as it should be is an exception, which parse_checkpoint_manifest() catches

using manifest_json = nlohmann::json;

std::map<std::string, std::string> words_in(const manifest_json& object) {
  std::map<std::string, std::string> words;
  for (const auto& [name, value] : object.items()) words[name] = value.get<std::string>();
  return words;
}

checkpoint_manifest::part part_in(const manifest_json& object) {
  checkpoint_manifest::part part{object.at("name").get<std::string>(), object.at("file").get<std::string>(),
                                 object.at("bytes").get<std::uint64_t>(), object.at("sum").get<std::string>()};
  if (part.file.empty() || part.file[0] == '.' || part.file.find('/') != std::string::npos)
    throw std::runtime_error("a part in the file '" + part.file + "'");
  return part;
}

checkpoint_manifest manifest_in(const manifest_json& object) {
  if (const auto format = object.at("format").get<std::int64_t>(); format != manifest_format)
    throw std::runtime_error(fmt::format("format {}, and this program reads format {}", format, manifest_format));
  checkpoint_manifest out;
  out.step = object.at("step").get<std::int64_t>();
  out.words = words_in(object.at("words"));
  out.facts = {object.at("program").get<std::string>(), words_in(object.at("options")),
               object.at("data").get<std::string>()};
  std::set<std::string> names;
  for (const auto& each : object.at("parts")) {
    out.parts.push_back(part_in(each));
    if (!names.insert(out.parts.back().name).second)
      throw std::runtime_error("the part '" + out.parts.back().name + "' is there twice");
  }
  return out;
}

} // namespace

std::string format_checkpoint_manifest(const checkpoint_manifest& manifest) {
  json_writer json;
  json.begin_object().key("format").number(manifest_format).key("program").text(manifest.facts.program);
  json.key("step").number(manifest.step);
  write_words(json, "words", manifest.words);
  write_words(json, "options", manifest.facts.options);
  json.key("data").text(manifest.facts.data_sum).key("parts").begin_array();
  for (const auto& each : manifest.parts)
    json.begin_object()
      .key("name")
      .text(each.name)
      .key("file")
      .text(each.file)
      .key("bytes")
      .number(static_cast<std::int64_t>(each.bytes))
      .key("sum")
      .text(each.sum)
      .end_object();
  auto text = json.end_array().end_object().str() + "\n";
  text.insert(text.size() - object_end.size(), sum_member(text));
  return text;
}

result<checkpoint_manifest> parse_checkpoint_manifest(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return text.failure();
  try {
    if (auto whole = take_sum(*text); !whole) throw std::runtime_error(whole.message());
    return manifest_in(manifest_json::parse(*text));
  } catch (const std::exception& fault) {
    return error::data(path + ": damaged, or not written as a checkpoint's: " + visible(fault.what()));
  }
}

} // namespace syngrad
