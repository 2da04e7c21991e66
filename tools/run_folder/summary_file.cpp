#include "tools/run_folder/summary_file.hpp"

#include "runtime/io/text_file.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace syngrad::tools {

namespace {

double number_of(const nlohmann::ordered_json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

} // namespace

struct summary_file::contents {
  nlohmann::ordered_json json; // as written: the first metric judges
};

double summary_file::number(const std::string& key) const {
  return number_of(contents_->json, key);
}

std::string summary_file::text(const std::string& key) const {
  const auto found = contents_->json.find(key);
  return found != contents_->json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<double> summary_file::of_groups(const std::string& key) const {
  std::vector<double> out;
  const auto groups = contents_->json.find("groups");
  if (groups == contents_->json.end() || !groups->is_array()) return out;
  for (const auto& each : *groups) out.push_back(each.is_object() ? number_of(each, key) : number_of({}, key));
  return out;
}

std::string summary_file::judging_metric() const {
  const std::string prefix = "test_";
  for (const auto& each : contents_->json.items())
    if (each.key().starts_with(prefix)) return each.key().substr(prefix.size());
  return "";
}

result<summary_file> read_summary_file(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text) return text.failure();
  auto read = std::make_shared<summary_file::contents>();
  read->json = nlohmann::ordered_json::parse(*text, nullptr, false);
  if (!read->json.is_object()) return error::data("'" + path + "' is no summary of a run");
  return summary_file(std::move(read));
}

} // namespace syngrad::tools
