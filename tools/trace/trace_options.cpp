#include "tools/trace/trace_options.hpp"

#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"

#include <cmath>

namespace syngrad::tools {

namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

result<std::pair<std::uint32_t, std::uint32_t>> parse_batches(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = parse_whole(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_whole(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first || *last >= no_trace_batch)
    return option_error("batch", "expected N or FIRST-LAST, got '" + text + "'; write for example --batch 120");
  return std::pair{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

template <class Number>
status narrow(const std::string& option, const std::string& text, std::int64_t most, std::optional<Number>& to) {
  if (text.empty()) return ok();
  const auto number = parse_whole(text);
  if (!number || *number < 0 || *number > most)
    return option_error(option, "expected a number from 0 to " + std::to_string(most) + ", got '" + text + "'");
  to = static_cast<Number>(*number);
  return ok();
}

std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

} // namespace

std::vector<option_group> trace_option_table(trace_options& o) {
  const real_range from_zero{0, 1e9};
  return {
    {"What to look at",
     {optional_real("from", "SECONDS", o.from_s, from_zero, "Only from then on, since the first record"),
      optional_real("to", "SECONDS", o.to_s, from_zero, "Only before then"),
      text("batch", "N|N-M", o.batch, "Only these batches"),
      text("actor", "NAME,...", o.actor,
           "Only messages from or to these: 'group 3', or 3 for it, or predictor for all"),
      text("interface", "N", o.interface, "Only the interface between group N and group N+1"),
      text("type", "TYPE", o.type, "Only messages of this type: activation, gradient, predict, credit, ..."),
      text("node", "N", o.node, "Only this node"),
      text("where", "EXPR", o.where,
           "Only records that it holds for: \"type = gradient and bytes > 1000\". Fields: time, kind, type, actor, "
           "peer, batch, version, bytes, value, interface, node, message, parent, measure")}},
    {"How to show it",
     {choice("format", o.format, {"table", "csv", "json"},
             "For people, for spreadsheets, or for programs. csv is one table, rows only: the first, or --table; lost "
             "records and all remarks go to the standard error"),
      text("table", "NAME", o.table, "Only this table of the answer, by its name"),
      text(
        "out", "PATH", o.out,
        "Write there instead of to the terminal, or of commands that make files: instead of into the run's folder. A "
        "regular file is replaced as a whole and keeps its permissions, anything else (a device, a FIFO) is written "
        "into; - is the standard output"),
      whole_number("limit", o.limit, 0, std::int64_t{1} << 40, "At most so many rows; 0: the command's own choice"),
      real_number("every", "SECONDS", o.every_s, {0.05, 3600}, "tail: time from one view to the next"),
      flag("force", o.force,
           "Go on where the command would rather not: merge without calibrated clocks, files in the way"),
      flag("help", o.help, "This text")}}};
}

result<std::set<std::uint32_t>> find_actors(const std::string& text, const trace_names& names) {
  std::set<std::uint32_t> found;
  std::vector<std::string> titles;
  for (const auto& [id, each] : names.actors) titles.push_back(each.title);
  for (const auto part : split_text(text, ',')) {
    const auto wanted = trimmed(std::string(part));
    const auto number = parse_whole(wanted);
    const auto before = found.size();
    for (const auto& [id, each] : names.actors)
      if (each.title == wanted || name_of(each.role) == wanted ||
          (number && each.role == actor_role::group && each.index == *number))
        found.insert(id);
    if (found.size() == before)
      return error{"there is no actor '" + wanted + "' in this trace" + suggest(wanted, titles, "")};
  }
  return found;
}

result<trace_filter> make_trace_filter(const trace_options& options, const trace_run& run) {
  trace_filter filter;
  if (options.from_s) filter.from_ns = run.begin_ns() + nanoseconds(*options.from_s);
  if (options.to_s) filter.to_ns = run.begin_ns() + nanoseconds(*options.to_s);
  if (!options.batch.empty()) {
    auto batches = parse_batches(options.batch);
    if (!batches) return batches.failure();
    filter.batches = *batches;
  }
  if (!options.actor.empty()) {
    auto actors = find_actors(options.actor, run.names());
    if (!actors) return option_error("actor", actors.message());
    filter.actors = std::move(*actors);
  }
  if (!options.type.empty()) {
    const auto type = trace_message_named(options.type);
    std::vector<std::string> known;
    for (int i = 0; i < trace_message_count; ++i) known.emplace_back(name_of(static_cast<trace_message>(i)));
    if (!type)
      return option_error("type", "there is no message type '" + options.type + "'" + suggest(options.type, known, ""));
    filter.type = static_cast<std::uint8_t>(*type);
  }
  if (auto done = narrow("interface", options.interface, no_interface - 1, filter.interface); !done)
    return done.failure();
  if (auto done = narrow("node", options.node, 255, filter.node); !done) return done.failure();
  if (!options.where.empty()) {
    auto where = where_expression::parse(options.where, run.names());
    if (!where) return option_error("where", where.message());
    filter.where = std::move(*where);
  }
  return filter;
}

} // namespace syngrad::tools
