#include "tools/trace/trace_command.hpp"

#include "tools/trace/analysis/trace_check.hpp"

namespace syngrad::tools {

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
    out.notes.push_back("These are the first " + std::to_string(shown) + " of " + std::to_string(wrong) +
                        " problems; --limit N shows N.");
  if (!verdict.judged_pairs)
    out.notes.emplace_back(
      "Records are lost: whether begin and end stand in pairs, and sends before them, cannot be told.");
  else if (!verdict.judged_sends)
    out.notes.emplace_back(
      "The clocks of the nodes differ: whether sends stand before what they cause cannot be told.");
  if (verdict.open_handlers > 0)
    out.notes.push_back(std::to_string(verdict.open_handlers) + " handlers had not ended with the trace.");
  if (verdict.begun_unsent > 0)
    out.notes.push_back(std::to_string(verdict.begun_unsent) +
                        " messages were handled whose send is not in the trace.");
  out.notes.emplace_back(verdict.good() ? "The trace is whole." : "The trace is damaged.");
  out.code = verdict.good() ? exit_code::done : exit_code::failed;
  return out;
}

} // namespace

const trace_command check_command{
  "check", "RUN",       "whether the trace is whole and makes sense; ends with 1 on damage", check_explained, 1, 1,
  true,    answer_check};

} // namespace syngrad::tools
