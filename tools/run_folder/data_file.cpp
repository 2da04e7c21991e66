#include "tools/run_folder/data_file.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/io/text_file.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <stdexcept>

namespace syngrad::tools {

namespace {

const char* name_of(vocabulary::kind what) {
  switch (what) {
  case vocabulary::kind::bytes:
    return "bytes";
  case vocabulary::kind::characters:
    return "characters";
  case vocabulary::kind::numbers:
    break;
  }
  return "numbers";
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();)
    if (!next_character(text, at)) return false;
  return true;
}

void write_exactly(json_writer& json, std::string_view name) {
  if (is_utf8(name)) {
    json.text(name);
    return;
  }
  json.begin_array();
  for (const char byte : name) json.number(std::int64_t{static_cast<unsigned char>(byte)});
  json.end_array();
}

void write_vocabulary(json_writer& json, const vocabulary& tokens) {
  json.begin_object().key("of").text(name_of(tokens.what()));
  json.key("size").number(std::int64_t{tokens.size()});
  if (tokens.what() == vocabulary::kind::characters) json.key("characters").text(tokens.characters());
  json.end_object();
}

void write_features(json_writer& json, const std::vector<feature_scaling>& features) {
  json.begin_array();
  for (const auto& each : features) {
    json.begin_object().key("name");
    if (each.name.empty())
      json.null();
    else
      write_exactly(json, each.name);
    json.key("mean").number(each.mean).key("factor").number(each.factor).end_object();
  }
  json.end_array();
}

// ---- reading: whatever is not as it should be is an exception, which read_data_file() catches

using parsed_data = nlohmann::json;

std::string exact_text(const parsed_data& written) {
  if (!written.is_array()) return written.get<std::string>();
  std::string bytes;
  for (const auto& each : written) {
    const auto byte = each.get<std::int64_t>();
    if (byte < 0 || byte > 255) throw std::runtime_error("a byte that is " + std::to_string(byte));
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

vocabulary vocabulary_of(const parsed_data& object) {
  const auto what = object.at("of").get<std::string>();
  const auto size = object.at("size").get<std::int64_t>();
  if (size < 1 || size > std::numeric_limits<std::int32_t>::max())
    throw std::runtime_error("a vocabulary of " + std::to_string(size) + " tokens");
  if (what == "numbers") return vocabulary::of_numbers(static_cast<std::int32_t>(size));
  if (what != "bytes" && what != "characters") throw std::runtime_error("a vocabulary of '" + what + "'");
  auto made = what == "bytes" ? result<vocabulary>(vocabulary::of_bytes())
                              : vocabulary::of_characters(object.at("characters").get<std::string>());
  if (!made) throw std::runtime_error(made.message());
  if (made->size() != size)
    throw std::runtime_error("a vocabulary of " + std::to_string(made->size()) + " " + what + ", not of " +
                             std::to_string(size));
  return std::move(*made);
}

feature_scaling feature_of(const parsed_data& object) {
  const auto& name = object.at("name");
  return {name.is_null() ? "" : exact_text(name), object.at("mean").get<double>(), object.at("factor").get<double>()};
}

data_facts facts_in(const parsed_data& object) {
  data_facts facts{.source = exact_text(object.at("data"))};
  if (const auto& tokens = object.at("vocabulary"); !tokens.is_null()) facts.tokens = vocabulary_of(tokens);
  if (const auto& classes = object.at("classes"); !classes.is_null())
    for (const auto& each : classes) facts.class_names.push_back(exact_text(each));
  if (const auto& features = object.at("features"); !features.is_null())
    for (const auto& each : features) facts.features.push_back(feature_of(each));
  facts.factor = object.at("factor").get<double>();
  return facts;
}

} // namespace

data_facts data_facts_of(const std::string& source, const dataset& data) {
  return {source, data.tokens, data.class_names, data.scaling, data.train.scale()};
}

std::string format_data_file(const data_facts& facts) {
  json_writer json;
  json.begin_object().key("data");
  write_exactly(json, facts.source);
  json.key("vocabulary");
  if (facts.tokens)
    write_vocabulary(json, *facts.tokens);
  else
    json.null();
  json.key("classes");
  if (facts.class_names.empty())
    json.null();
  else {
    json.begin_array();
    for (const auto& each : facts.class_names) write_exactly(json, each);
    json.end_array();
  }
  json.key("features");
  if (facts.features.empty())
    json.null();
  else
    write_features(json, facts.features);
  json.key("factor").number(facts.factor).end_object();
  return json.str() + "\n";
}

result<data_facts> read_data_file(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text) return text.failure();
  try {
    return facts_in(parsed_data::parse(*text));
  } catch (const std::exception& fault) {
    return error::data(path + ": it is not what a run has written (" + visible(fault.what()) +
                       "); take it from the run's folder again, or repeat the run");
  }
}

} // namespace syngrad::tools
