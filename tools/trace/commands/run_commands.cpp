// Commands about runs as a whole: info, check, diff.
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/analysis/whole_trace_analyses.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <fmt/core.h>
#include <numeric>

namespace syngrad::tools {

namespace {

constexpr const char* info_explained =
  "What was recorded. `in rings`: records that are not on disk yet, of a run that goes on or was killed. `before the\n"
  "window`: removed on purpose by --trace flight. `lost`: what is missing against the intent: a full ring, a disk or\n"
  "limit reached, a damaged chunk. `clock uncertainty`: how far times of different nodes may be apart from the truth.\n"
  "`facts`: what the run wrote about itself. Damage is listed by file, position and size; `syngrad trace check` looks\n"
  "closer. The last lines name what took most of the time of the groups, and what may help; `util` has the numbers.";

std::string wall_clock(std::int64_t realtime_ns) {
  const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  std::tm parts{};
  char text[32] = "";
  if (!::gmtime_r(&seconds, &parts) || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return "-";
  return text;
}

std::string clock_text(std::int64_t uncertainty_ns) {
  if (uncertainty_ns < 0) return "unknown; `syngrad trace merge` calibrates";
  return uncertainty_ns == 0 ? "none (one node)" : show_real(static_cast<double>(uncertainty_ns) * 1e-3, 1) + " us";
}

std::string ending(const trace_run& run) {
  if (!run.ended()) return "open: it goes on, or it was killed (`syngrad trace recover`)";
  for (const auto& file : run.files())
    if (file.recovered()) return "recovered";
  return "closed";
}

answer_table about(const trace_run& run) {
  answer_table table{"trace", {{"what", "", 0}, {"value", "", 6}}, {}};
  const auto add = [&](const char* what, cell value) { table.rows.push_back({std::string(what), std::move(value)}); };
  const auto count = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  add("nodes", count(run.nodes().size()));
  add("actors", count(run.names().actors.size()));
  add("begin", wall_clock(run.realtime_at(run.begin_ns())));
  add("span, s", static_cast<double>(run.end_ns() - run.begin_ns()) * 1e-9);
  add("end", ending(run));
  add("records", count(run.records()));
  add("lost", count(run.lost()));
  add("in rings", count(run.in_rings()));
  add("before the window", count(run.before_window()));
  add("sample", run.sample() == 1 ? std::string("every batch") : "one batch in " + std::to_string(run.sample()));
  add("bytes on disk", count(run.bytes()));
  add("clock uncertainty", clock_text(run.clock_uncertainty_ns()));
  add("damaged parts", count(run.damage().size()));
  return table;
}

bool is_for_people(const std::string& key) {
  return !key.starts_with("ring.") && !key.starts_with("unheard.") && !key.starts_with("clock.");
}

answer_table facts_of(const trace_run& run) {
  answer_table table{"facts", {{"fact", "", 0}, {"value", "", 0}}, {}};
  for (const auto& [key, value] : run.names().facts)
    if (is_for_people(key)) table.rows.push_back({key, value});
  return table;
}

answer_table kinds_of(const trace_run& run, const trace_filter& filter) {
  std::array<std::int64_t, 256> counts{};
  run.for_each(filter, [&](const trace_record& record) { ++counts[static_cast<std::uint8_t>(record.kind)]; });
  answer_table table{"records", {{"kind", "", 0}, {"records", "", 0}}, {}};
  for (std::size_t kind = 0; kind < counts.size(); ++kind)
    if (counts[kind] > 0) table.rows.push_back({std::string(name_of(static_cast<record_kind>(kind))), counts[kind]});
  return table;
}

answer_table damage_of(const trace_run& run) {
  answer_table table{"damage", {{"file", "", 0}, {"offset", "", 0}, {"length", "bytes", 0}, {"what", "", 0}}, {}};
  for (const auto& each : run.damage())
    table.rows.push_back(
      {each.file, static_cast<std::int64_t>(each.offset), static_cast<std::int64_t>(each.bytes), each.what});
  return table;
}

void add_bottlenecks(const trace_request& request, answer& out) {
  const auto measured = measure_utilisation(request.run(), request.filter);
  const auto found = find_bottlenecks(measured, request.run().names());
  out.notes.push_back(found.empty() ? "Nothing held this run up for 2 % of the time or more." : "Largest bottlenecks:");
  for (std::size_t i = 0; i < found.size(); ++i) out.notes.push_back(fmt::format("  {}. {}", i + 1, found[i].text));
  if (!measured.complete)
    out.notes.push_back(
      "These are estimates: only a part of the messages is here, so waiting cannot be told from idling.");
}

result<answer> answer_info(const trace_request& request) {
  const auto& trace = request.run();
  answer out;
  out.tables.push_back(about(trace));
  if (auto facts = facts_of(trace); !facts.rows.empty()) out.tables.push_back(std::move(facts));
  out.tables.push_back(kinds_of(trace, request.filter));
  if (!trace.damage().empty()) out.tables.push_back(damage_of(trace));
  add_bottlenecks(request, out);
  return out;
}

} // namespace

const trace_command info_command{
  "info", "RUN", "what was recorded, and the three largest bottlenecks", info_explained, 1, 1, true, answer_info};

namespace {

constexpr const char* check_explained =
  "Whether the trace is whole and makes sense; ends with 1 where it does not. Reads all of it, whatever the filters.\n"
  "`looked at`: how many chunks or records a rule was held against; `wrong`: how many broke it. The rules:\n"
  "  chunks whole, sums right      every byte is as it was written\n"
  "  chunks in sequence            no record stands twice\n"
  "  chunks in the order of time   within each ring\n"
  "  kinds and types known         as in this version of syngrad\n"
  "  begin and end in pairs        on each thread, one handler after the other\n"
  "  sent before they are handled  where all clocks are one\n"
  "Records that are lost (a full ring, a limit) are no damage; they are counted in the last line.";

constexpr std::int64_t most_problems = 20;

result<answer> answer_check(const trace_request& request) {
  const auto limit = static_cast<std::size_t>(request.limit > 0 ? request.limit : most_problems);
  const auto verdict = check_trace(request.run(), limit);
  answer out;
  answer_table rules{"rules", {{"rule", "", 0}, {"looked_at", "", 0}, {"wrong", "", 0}}, {}};
  std::int64_t wrong = 0;
  for (const auto& each : verdict.rules) {
    rules.rows.push_back({each.what, each.looked_at, each.wrong});
    wrong += each.wrong;
  }
  out.tables.push_back(std::move(rules));
  if (!verdict.problems.empty()) {
    answer_table problems{"problems", {{"where", "", 0}, {"what", "", 0}}, {}};
    for (const auto& each : verdict.problems) problems.rows.push_back({each.where, each.what});
    out.tables.push_back(std::move(problems));
  }
  const auto shown = static_cast<std::int64_t>(verdict.problems.size());
  if (shown < wrong)
    out.notes.push_back(fmt::format("These are the first {} of {} problems; --limit N shows N.", shown, wrong));
  if (!verdict.judged_pairs)
    out.notes.emplace_back(
      "Records are lost: whether begin and end stand in pairs, and sends before them, cannot be told.");
  else if (!verdict.judged_sends)
    out.notes.emplace_back(
      "The clocks of the nodes differ: whether sends stand before what they cause cannot be told.");
  if (verdict.open_handlers > 0)
    out.notes.push_back(fmt::format("{} handlers had not ended with the trace.", verdict.open_handlers));
  if (verdict.begun_unsent > 0)
    out.notes.push_back(fmt::format("{} messages were handled whose send is not in the trace.", verdict.begun_unsent));
  out.notes.emplace_back(verdict.good() ? "The trace is whole." : "The trace is damaged.");
  out.code = verdict.good() ? exit_code::done : exit_code::failed;
  return out;
}

} // namespace

const trace_command check_command{
  "check", "RUN",       "whether the trace is whole and makes sense; ends with 1 on damage", check_explained, 1, 1,
  true,    answer_check};

namespace {

constexpr int compared_stretches = 30;
constexpr std::uint64_t resampling_seed = 1; // the same answer each time

status check_diff_filter(const trace_filter& filter) {
  if (filter.batches || !filter.actors.empty() || filter.interface || filter.type || filter.where)
    return error::setting("two runs are compared whole: only --from, --to and --node can narrow it");
  return ok();
}

// The same seconds of another run.
trace_filter moved_to(const trace_filter& filter, const trace_run& from, const trace_run& to) {
  auto out = filter;
  const auto shift = to.begin_ns() - from.begin_ns();
  if (filter.from_ns != trace_filter{}.from_ns) out.from_ns += shift;
  if (filter.to_ns != trace_filter{}.to_ns) out.to_ns += shift;
  return out;
}

const run_measure* find_measure(const std::vector<run_measure>& measures, const std::string& name) {
  const auto found =
    std::find_if(measures.begin(), measures.end(), [&](const auto& each) { return each.name == name; });
  return found == measures.end() ? nullptr : &*found;
}

cell mean_of(const run_measure* measure) {
  if (!measure || measure->values.empty()) return {};
  return std::accumulate(measure->values.begin(), measure->values.end(), 0.0) /
         static_cast<double>(measure->values.size());
}

// In the order of `a`; then what only `b` has.
std::vector<std::string> names_of(const std::vector<run_measure>& a, const std::vector<run_measure>& b) {
  std::vector<std::string> names;
  for (const auto& each : a) names.push_back(each.name);
  for (const auto& each : b)
    if (!find_measure(a, each.name)) names.push_back(each.name);
  return names;
}

std::vector<cell> row_of(const std::string& name, const run_measure* a, const run_measure* b, std::uint64_t number) {
  const auto mean_a = mean_of(a), mean_b = mean_of(b);
  std::vector<cell> row{name, (a ? a : b)->unit, mean_a, mean_b, {}, {}, {}, {}, std::string()};
  if (!a || !b) return row;
  const auto found = compare_means(a->values, b->values, random_source(resampling_seed, number));
  if (!found) return row;
  row[4] = found->change;
  row[5] = found->low;
  row[6] = found->high;
  if (const double before = std::get<double>(mean_a); before != 0) row[7] = found->change / std::abs(before);
  if (found->excludes_zero()) row[8] = std::string(found->change > 0 ? "higher" : "lower");
  return row;
}

result<answer> answer_diff(const trace_request& request) {
  if (auto good = check_diff_filter(request.filter); !good) return good.failure();
  const auto &first = request.runs[0], &second = request.runs[1];
  const auto a = measure_run(first, request.filter, compared_stretches);
  const auto b = measure_run(second, moved_to(request.filter, first, second), compared_stretches);
  for (const auto* each : {&a, &b})
    if (each->empty())
      return error::setting("'" + request.folders[each == &a ? 0 : 1] + "' has no update of any weights to compare" +
                            (request.filter.narrows() ? "; widen --from and --to" : ""));
  answer out;
  answer_table table{"measures",
                     {{"measure", "", 0},
                      {"unit", "", 0},
                      {"a", "", 3},
                      {"b", "", 3},
                      {"change", "", 3},
                      {"low", "", 3},
                      {"high", "", 3},
                      {"relative", "share", 1},
                      {"verdict", "", 0}},
                     {}};
  std::int64_t changed = 0;
  for (const auto& name : names_of(a, b)) {
    table.rows.push_back(row_of(name, find_measure(a, name), find_measure(b, name), table.rows.size()));
    changed += !std::get<std::string>(table.rows.back().back()).empty();
  }
  out.notes.push_back(fmt::format("Of {} measures {} changed by more than chance explains; of measures that did not "
                                  "change, one in twenty would look so too.",
                                  table.rows.size(), changed));
  if (first.sample() != second.sample())
    out.notes.push_back("The runs were sampled differently: rates and busy shares are not comparable.");
  out.tables.push_back(std::move(table));
  return out;
}

} // namespace

const trace_command diff_command{
  "diff",
  "RUN RUN",
  "what changed between two runs, and how sure that is",
  "Each run's training, from the first update to the last, is cut into 30 stretches of one length.\n"
  "  a, b       means over the stretches of the first and of the second run; of p50 and p99: means of the stretches'\n"
  "             own quantiles\n"
  "  change     b minus a; low, high: its 95 % interval, from a bootstrap over the stretches (2,000 resamples, always\n"
  "             with the same seed); relative: to a\n"
  "  verdict    higher or lower where the interval excludes zero; no interval where fewer than eight stretches have\n"
  "             any value\n"
  "--from and --to count from the begin of each run.",
  2,
  2,
  true,
  answer_diff};

} // namespace syngrad::tools
