// The options that all trace commands share: what to look at, and how to show it.
#pragma once

#include "tools/command_line/option_row.hpp"
#include "tools/trace/trace_command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct trace_options {
  std::optional<double> from_s, to_s; // since the first record
  std::string batch, actor, interface, type, node, where;
  std::string format = "table", table, out;
  std::int64_t limit = 0;
  double every_s = 1;
  bool force = false, help = false;
};

// The rows refer to `target`, which outlives them.
std::vector<option_group> trace_option_table(trace_options& target);

// The filter that the options ask for, by the names of `run`. Errors name the option and what there is.
result<trace_filter> make_trace_filter(const trace_options&, const trace_run& run);

// Actors by title ("group 3"), by "3" for the group of that number, or by kind ("predictor"); several with commas.
result<std::set<std::uint32_t>> find_actors(const std::string& text, const trace_names&);

} // namespace syngrad::tools
