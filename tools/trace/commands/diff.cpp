#include "tools/trace/analysis/run_measures.hpp"
#include "tools/trace/analysis/time_buckets.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace syngrad::tools {

namespace {

constexpr int compared_stretches = 30;
constexpr std::uint64_t resampling_seed = 1; // the same answer each time

status check_diff_filter(const trace_filter& filter) {
  if (filter.batches || !filter.actors.empty() || filter.interface || filter.type || filter.where)
    return error{"two runs are compared whole: only --from, --to and --node can narrow it"};
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
      return error{"'" + request.folders[each == &a ? 0 : 1] + "' has no update of any weights to compare" +
                   (request.filter.narrows() ? "; widen --from and --to" : "")};
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
  out.notes.push_back("Of " + std::to_string(table.rows.size()) + " measures " + std::to_string(changed) +
                      " changed by more than chance explains; of measures that did not change, one in twenty would "
                      "look so too.");
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
