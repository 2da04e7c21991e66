#include "tools/trace/report/report_data.hpp"

#include "runtime/io/text_file.hpp"

#include <sstream>

// The JSON parser of Boost before 1.76 uses the names that this asks for, and says so in every build.
#define BOOST_BIND_GLOBAL_PLACEHOLDERS
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

namespace syngrad::tools {

run_summary read_run_summary(const std::string& path) {
  run_summary summary;
  const auto text = read_text_file(path);
  if (!text) return summary;
  std::istringstream in(*text);
  boost::property_tree::ptree json;
  try {
    boost::property_tree::read_json(in, json);
  } catch (const boost::property_tree::json_parser_error&) {
    return summary;
  }
  summary.end = json.get("end", summary.end);
  const std::string judged = "test_"; // its first metric judges
  for (const auto& [key, value] : json) {
    if (!summary.metric.empty() || !key.starts_with(judged)) continue;
    summary.metric = key.substr(judged.size());
    summary.test_metric = value.get_value(summary.test_metric);
  }
  summary.samples_per_s = json.get("samples_per_s", summary.samples_per_s);
  summary.wall_s = json.get("wall_s", summary.wall_s);
  summary.steps = json.get("steps", summary.steps);
  return summary;
}

} // namespace syngrad::tools
